"""From a series to findings: which model reads what, and the command line's whole way from files to JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset

from imaging.breast_measures import BreastMeasures, with_distance_to_nipple
from imaging.errors import DicomError
from imaging.finding import Finding
from imaging.gate import assess_series
from imaging.gate_rules import RULES, Rule
from imaging.intake import read_drop
from imaging.mammogram import read_mammogram
from imaging.part10 import dataset_of
from imaging.reasons import Reason
from imaging.result_header import Maker
from imaging.volume import Volume
from imaging.volume_builder import build_volume
from inference.breast_measures import measures_of
from inference.breast_view import BreastView
from inference.bundle import Bundle, config_file, load_bundle
from inference.bundle_config import read_config
from inference.chest_checks import check_chest
from inference.chest_features import chest_features
from inference.errors import AnalysisCancelled, NotAnalysable, UnknownModel
from inference.evidence import Evidence, Picture
from inference.evidence_pictures import evidence_in_volume, evidence_on_mammogram
from inference.follow_up import PriorStudy, followed_up
from inference.look import Look, look_at
from inference.lung_nodules import detect_nodules, read_slab_of_chest
from inference.mammogram_checks import readable_mammograms
from inference.mammogram_features import mammogram_features
from inference.slabs import Slab

Progress = Callable[[str, float], None]
Reading = Mapping[str, Any]


def never() -> bool:
    """Say that nobody cancelled."""
    return False


def silent(stage: str, fraction: float) -> None:
    """Report progress to nobody."""


def not_told(path: str, reason: Reason | None) -> None:
    """Tell nobody about a refused file."""


def no_features(images: object) -> dict[str, float]:
    """Know nothing of what images look like."""
    return {}


def as_they_are(findings: Sequence[Finding], prior: PriorStudy | None) -> list[Finding]:
    """Compare nothing."""
    return list(findings)


def nothing_to_check(volume: Volume) -> tuple[Reason, ...]:
    """Be careful about nothing."""
    return ()


def tell_nobody(look: Look) -> None:
    """Keep what images look like to itself."""


def keep_no_measures(measures: Sequence[BreastMeasures]) -> None:
    """Forget what was measured."""


@dataclass(frozen=True, slots=True)
class VolumePipeline:
    """How a model reads a CT: slab by slab, then the whole.

    Attributes:
        read: from a whole volume, and what was read of its slabs before, to findings. Slabs without a reading
            it reads itself, so that the result does not depend on who read what when.
        read_slab: from the part of a volume that a slab sees to plain values for `read`. None: this model
            reads whole volumes only.
        features: what a volume looks like, for the out-of-distribution gate and for drift.
        saliency: what the network's answer on a finding rests on. None: nothing is known of the network.
        follow_up: findings against those of a prior study, where there is one, and graded.
        check: what to be careful about; it raises NotAnalysable for what is nothing for the model.
    """

    read: Callable[[Volume, Bundle, Progress, Sequence[Reading]], list[Finding]]
    read_slab: Callable[[Volume, Slab, Bundle, Progress], dict[str, Any]] | None = None
    features: Callable[[Volume], dict[str, float]] = no_features
    saliency: Callable[[Volume, Finding, Bundle], Picture] | None = None
    follow_up: Callable[[Sequence[Finding], PriorStudy | None], list[Finding]] = as_they_are
    check: Callable[[Volume], tuple[Reason, ...]] = nothing_to_check


@dataclass(frozen=True, slots=True)
class ImagePipeline:
    """How a model reads mammograms one by one.

    Attributes:
        read, features: as in VolumePipeline, of the images of a series; what was measured beside.
        choose: which images of a series it reads, decoded once for all that follows; it raises NotAnalysable
            where that is none.
        evidence: the pictures of a finding.
    """

    read: Callable[[Sequence[BreastView], Bundle, Progress], tuple[list[Finding], list[BreastMeasures]]]
    choose: Callable[[Sequence[Dataset]], Sequence[BreastView]]
    features: Callable[[Sequence[BreastView]], dict[str, float]] = no_features
    evidence: Callable[[Sequence[Dataset], Finding, Bundle], Evidence] | None = None


def _read_mammograms(
    views: Sequence[BreastView], bundle: Bundle, progress: Progress
) -> tuple[list[Finding], list[BreastMeasures]]:
    from inference.mammography import detect_lesions

    findings: list[Finding] = []
    measures: list[BreastMeasures] = []
    for n, view in enumerate(views):

        def report(stage: str, fraction: float, done: int = n) -> None:
            progress(stage, (done + fraction) / len(views))

        found = detect_lesions(view.mammogram, bundle, report, view.region)
        measured = measures_of(view)
        measures.append(measured)
        findings += [
            with_distance_to_nipple(finding, measured.nipple_px, view.mammogram.spacing_mm)
            for finding in found
        ]
    return findings, measures


def _mammogram_features(views: Sequence[BreastView]) -> dict[str, float]:
    """Return the median of each feature over the images of a series."""
    each = [mammogram_features(view.mammogram, view.region) for view in views]
    return {name: float(np.median([one[name] for one in each])) for name in each[0]}


def _mammogram_evidence(datasets: Sequence[Dataset], finding: Finding, bundle: Bundle) -> Evidence:
    from inference.monai_predictor import load_predictor
    from inference.network_saliency import mammogram_saliency

    (dataset,) = (ds for ds in datasets if str(ds.SOPInstanceUID) == finding.sop_instance_uid)
    mammogram = read_mammogram(dataset)
    return evidence_on_mammogram(
        mammogram, finding, lambda: mammogram_saliency(mammogram, finding, load_predictor(bundle))
    )


def _nodule_saliency(volume: Volume, finding: Finding, bundle: Bundle) -> Picture:
    from inference.monai_predictor import load_predictor
    from inference.network_saliency import nodule_saliency

    return nodule_saliency(volume, finding, load_predictor(bundle))


def _read_with_retinanet(
    volume: Volume, bundle: Bundle, progress: Progress, readings: Sequence[Reading]
) -> list[Finding]:
    from inference.retinanet import detect_with_retinanet

    return detect_with_retinanet(volume, bundle, progress, readings)


PIPELINES: Mapping[str, VolumePipeline | ImagePipeline] = {
    "lung_nodule_ct": VolumePipeline(
        detect_nodules, read_slab_of_chest, chest_features, _nodule_saliency, followed_up, check_chest
    ),
    "mammography": ImagePipeline(
        _read_mammograms, readable_mammograms, _mammogram_features, _mammogram_evidence
    ),
}


# Bundles with a detector of MONAI's own, by its `_target_`, whatever they are for.
DETECTORS: Mapping[str, VolumePipeline] = {
    "RetinaNetDetector": VolumePipeline(_read_with_retinanet, features=chest_features, check=check_chest),
}


@dataclass(frozen=True, slots=True)
class VolumeReader:
    """A model that reads CTs."""

    bundle: Bundle
    pipeline: VolumePipeline

    @property
    def maker(self) -> Maker:
        """What its findings say made them."""
        return _maker(self.bundle)

    @property
    def reads_slabs(self) -> bool:
        """Whether it can begin before all slices have come."""
        return self.pipeline.read_slab is not None

    def read_slab(self, part: Volume, slab: Slab, progress: Progress) -> dict[str, Any]:
        """Return what is in a slab, for `read`."""
        if self.pipeline.read_slab is None:
            raise TypeError(f"{self.bundle.name} reads no slabs")
        return self.pipeline.read_slab(part, slab, self.bundle, progress)

    def evidence(self, volume: Volume, finding: Finding) -> Evidence:
        """Return the pictures of a finding."""
        of = self.pipeline.saliency
        return evidence_in_volume(
            volume, finding, None if of is None else lambda: of(volume, finding, self.bundle)
        )

    def read(
        self,
        volume: Callable[[], Volume],
        readings: Sequence[Reading],
        progress: Progress,
        told: Callable[[Look], None] = tell_nobody,
        prior: PriorStudy | None = None,
    ) -> list[Finding]:
        """Return what is in a volume.

        Args:
            prior: what is compared with.
            told: what it looks like, before it is read.

        Raises:
            NotAnalysable: `volume` cannot be made, or is nothing for this model.
        """
        with _told_as_not_analysable():
            progress("volume", 0.0)
            made = volume()
            cautions = self.pipeline.check(made)
            told(look_at(self.pipeline.features(made), self.bundle, cautions))
            found = self.pipeline.read(
                made, self.bundle, lambda stage, share: progress(stage, 0.1 + 0.9 * share), readings
            )
            return self.pipeline.follow_up(found, prior)


@dataclass(frozen=True, slots=True)
class ImageReader:
    """A model that reads mammograms one by one."""

    bundle: Bundle
    pipeline: ImagePipeline

    @property
    def maker(self) -> Maker:
        """What its findings say made them."""
        return _maker(self.bundle)

    def evidence(self, datasets: Sequence[Dataset], finding: Finding) -> Evidence | None:
        """Return the pictures of a finding; None: this model has none."""
        if self.pipeline.evidence is None:
            return None
        return self.pipeline.evidence(datasets, finding, self.bundle)

    def read(
        self,
        datasets: Sequence[Dataset],
        progress: Progress,
        told: Callable[[Look], None] = tell_nobody,
        measured: Callable[[Sequence[BreastMeasures]], None] = keep_no_measures,
    ) -> list[Finding]:
        """Return what is in the images.

        Args:
            told: what they look like, before they are read.
            measured: what was measured of the breast on each image that was read.

        Raises:
            NotAnalysable: they are nothing for this model.
        """
        with _told_as_not_analysable():
            chosen = self.pipeline.choose(datasets)
            told(look_at(self.pipeline.features(chosen), self.bundle))
            found, measures = self.pipeline.read(chosen, self.bundle, progress)
            measured(measures)
            return found


Reader = VolumeReader | ImageReader


def reader_of(model: str, bundle: Bundle) -> Reader:
    """Return who reads what the gate sends to `model`, with this bundle.

    Raises:
        UnknownModel: no pipeline has this name.
    """
    pipeline = PIPELINES.get(model)
    if pipeline is None:
        raise UnknownModel(f"no pipeline for model {model!r}; there are {', '.join(PIPELINES)}")
    if isinstance(pipeline, VolumePipeline):
        return VolumeReader(bundle, DETECTORS.get(_detector_of(bundle), pipeline))
    return ImageReader(bundle, pipeline)


def _detector_of(bundle: Bundle) -> str:
    """Return what kind of detector a bundle's configuration describes; empty: none."""
    path = config_file(bundle.folder)
    detector = read_config(path).get("detector") if path is not None else None
    target = detector.get("_target_") if isinstance(detector, dict) else None
    return str(target or "").rpartition(".")[2]


def _maker(bundle: Bundle) -> Maker:
    return Maker(bundle.name, bundle.version, bundle.weights_sha256)


@contextmanager
def _told_as_not_analysable() -> Iterator[None]:
    try:
        yield
    except DicomError as error:
        raise NotAnalysable(error.reason, str(error)) from error


def analyse_series(
    datasets: Sequence[Dataset],
    model: str,
    *,
    progress: Progress = silent,
    cancelled: Callable[[], bool] = never,
    told: Callable[[Look], None] = tell_nobody,
    measured: Callable[[Sequence[BreastMeasures]], None] = keep_no_measures,
    models_folder: Path,
) -> list[Finding]:
    """Return what a model finds in one series.

    Args:
        datasets: the series' instances with their pixels, in any order.
        model: name of a bundle in `models_folder`.
        progress: called with the stage's name and the share done, 0 to 1.
        cancelled: asked at every step; when it says so the work stops.
        told: what the images look like, before they are read.
        measured: of mammograms, what was measured of the breast on each.

    Raises:
        UnknownModel: no pipeline has this name.
        BundleError: the model's folder or weights are not as they should be.
        NotAnalysable: the series is nothing for this model; `reason` says why.
        AnalysisCancelled: `cancelled` said so.
    """
    if model not in PIPELINES:
        raise UnknownModel(f"no pipeline for model {model!r}; there are {', '.join(PIPELINES)}")
    reader = reader_of(model, load_bundle(models_folder / model))

    def report(stage: str, fraction: float) -> None:
        if cancelled():
            raise AnalysisCancelled(f"stopped in stage {stage}")
        progress(stage, min(max(fraction, 0.0), 1.0))

    if isinstance(reader, VolumeReader):
        findings = reader.read(lambda: build_volume(datasets), (), report, told)
    else:
        findings = reader.read(datasets, report, told, measured)
    report("done", 1.0)
    return findings


def analyse_path(
    path: Path,
    models_folder: Path,
    *,
    progress: Progress = silent,
    refused: Callable[[str, Reason | None], None] = not_told,
    rules: Sequence[Rule] = RULES,
) -> dict[str, Any]:
    """Return the verdict on every series of a file, folder or zip, and all findings, ready for JSON.

    Where there are mammograms, what was measured of the breast on each as well.

    Args:
        path: what to read.
        models_folder: the bundles.
        progress: as in `analyse_series`.
        refused: told each file that is no image we read, with the reason.
        rules: of the input gate.
    """
    contents: dict[str, list[bytes]] = {}
    headers: dict[str, list[Dataset]] = {}
    seen: set[str] = set()
    for file in read_drop(path):
        if file.verdict != "accepted" or file.header is None or file.content is None:
            refused(file.path, file.reason)
            continue
        if str(file.header.SOPInstanceUID) in seen:
            continue
        seen.add(str(file.header.SOPInstanceUID))
        series = str(file.header.SeriesInstanceUID)
        headers.setdefault(series, []).append(file.header)
        contents.setdefault(series, []).append(file.content)

    series_rows: list[dict[str, Any]] = []
    finding_rows: list[dict[str, Any]] = []
    breasts: list[BreastMeasures] = []
    for series, series_headers in headers.items():
        assessed = assess_series(series_headers, rules)
        verdict = str(assessed.verdict)
        reasons: Sequence[Reason] = assessed.reasons
        if assessed.model is not None and verdict != "not-usable":
            datasets = [dataset_of(content) for content in contents.pop(series)]
            try:
                looks: list[Look] = []
                found = analyse_series(
                    datasets,
                    assessed.model,
                    progress=progress,
                    told=looks.append,
                    measured=breasts.extend,
                    models_folder=models_folder,
                )
                if looks[0].caution is not None:
                    verdict, reasons = "usable-with-caution", (*reasons, looks[0].caution)
            except NotAnalysable as error:
                verdict, reasons, found = "not-usable", (error.reason,), []
            finding_rows += [finding_row(finding) for finding in found]
        series_rows.append(
            {
                "series_instance_uid": series,
                "verdict": verdict,
                "reason": " ".join(f"{reason.en} {reason.zh}" for reason in reasons) or None,
            }
        )
    answer: dict[str, Any] = {"series": series_rows, "findings": finding_rows}
    if breasts:
        answer["breasts"] = [one.to_json() for one in breasts]
    return answer


def finding_row(finding: Finding) -> dict[str, Any]:
    """Return a finding as `teleconsult analyse` prints it; a mammogram has no place but its pixels."""
    if finding.centre_lps_mm is not None:
        place: dict[str, Any] = {"centre_lps_mm": list(finding.centre_lps_mm)}
    else:
        place = {"box_px": list(finding.box_px or ())}
    return {
        "kind": str(finding.kind),
        "probability": finding.probability,
        **place,
        "diameter_mm": finding.diameter_mm,
        "series_instance_uid": finding.series_instance_uid,
        "sop_instance_uid": finding.sop_instance_uid,
        "model": finding.model,
        "model_version": finding.model_version,
        "weights_sha256": finding.weights_sha256,
    }
