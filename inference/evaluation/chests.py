"""A lung model on whole chests: from a folder with its truth, or from phantoms, to FROC."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from pydicom import Dataset

from imaging.errors import DicomError
from imaging.header_values import real_number
from imaging.kernel import sharpness_of
from imaging.parsing import header_of, parse_dicom
from imaging.volume import Volume
from imaging.volume_builder import build_volume
from inference.bundle import Bundle
from inference.errors import NotAnalysable
from inference.evaluation.breakdown import SIZES_MM, breakdown, rounded, size_group, thickness_group
from inference.evaluation.errors import NotMeasurable
from inference.evaluation.froc import (
    LUNA16_RATES,
    FrocCurve,
    ScanOutcome,
    at_threshold,
    bootstrap_scans,
    froc_curve,
    only_lesions,
)
from inference.evaluation.hits import Mark, TrueNodule, scan_outcome
from inference.evaluation.truth_file import lesion_groups, truth_rows
from inference.lung_nodules import detect_nodules
from inference.phantoms.chest import Kernel, chest_ct
from inference.phantoms.chest_lesions import NoduleKind

# The curve needs what the reader is never shown: marks far below the threshold.
LOWEST_PROBABILITY: Final = 0.0005
MOST_MARKS: Final = 60
SIZE_OF_GOAL_MM: Final = 6.0
COLUMNS: Final = ("seriesuid", "coordX", "coordY", "coordZ", "diameter_mm")


@dataclass(frozen=True, slots=True)
class Case:
    """A chest CT and what is truly in it."""

    name: str
    datasets: Sequence[Dataset]
    nodules: tuple[TrueNodule, ...]


def read_truth(path: Path) -> dict[str, tuple[TrueNodule, ...]]:
    """Return the nodules of each series from a CSV as LUNA16's annotations.

    Columns: seriesuid, coordX, coordY, coordZ (LPS, mm), diameter_mm; and where there are any: `type`,
    `density`, and `irrelevant` (1 for a finding whose marks are counted neither way).

    Raises:
        NotMeasurable: it cannot be read, or lacks a column, or a number is none.
    """
    truth: dict[str, list[TrueNodule]] = {}
    for number, row in truth_rows(path, COLUMNS):
        try:
            x, y, z, diameter_mm = (float(row[name]) for name in COLUMNS[1:])
            if not np.isfinite([x, y, z, diameter_mm]).all():
                raise ValueError("not finite")
        except (TypeError, ValueError) as error:
            raise NotMeasurable(
                "truth-not-a-number",
                f"Line {number} of the truth file holds a place or diameter that is no number.",
                f"标注文件第 {number} 行的位置或直径不是数字。",
            ) from error
        nodule = TrueNodule(
            (x, y, z),
            diameter_mm,
            is_irrelevant=(row.get("irrelevant") or "").strip().lower() in ("1", "true", "yes"),
            groups={"size": size_group(max(diameter_mm, 0.0)), **lesion_groups(row)},
        )
        truth.setdefault((row["seriesuid"] or "").strip(), []).append(nodule)
    return {uid: tuple(nodules) for uid, nodules in truth.items()}


def cases_in(folder: Path, truth: Mapping[str, tuple[TrueNodule, ...]]) -> Iterator[Case]:
    """Yield every CT series of a folder, one at a time in memory; one without truth has no nodule.

    Raises:
        NotMeasurable: there is no CT in the folder, or none of its series is in the truth.
    """
    files: dict[str, list[Path]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            header = header_of(path.read_bytes())
        except (DicomError, OSError):
            continue
        if header.get("Modality") == "CT" and header.get("SeriesInstanceUID"):
            files.setdefault(str(header.SeriesInstanceUID), []).append(path)
    if not files:
        raise NotMeasurable("no-ct", f"There is no CT image in {folder}.", f"{folder} 中没有 CT 影像。")
    if not files.keys() & truth.keys():
        raise NotMeasurable(
            "truth-of-other-series",
            "No series in the folder is named in the truth file.",
            "文件夹中没有任何序列出现在标注文件中。",
        )
    for uid, paths in files.items():
        datasets = []
        for path in paths:
            try:
                datasets.append(parse_dicom(path.read_bytes()))
            except (DicomError, OSError):
                continue
        yield Case(uid, datasets, truth.get(uid, ()))


@dataclass(frozen=True, slots=True)
class PhantomProtocol:
    """How the phantoms of an evaluation are scanned: drawn for each from its seed, kernel included.

    Each is a part of a chest with pixels of a usual size, so that hundreds can be read.
    """

    rows: int = 448
    coverage_mm: float = 90.0
    thicknesses_mm: tuple[float, ...] = (1.25, 2.5, 2.5, 2.5)
    noise_hu: tuple[float, float] = (12.0, 45.0)
    nodules: tuple[int, int] = (2, 6)
    diameters_mm: tuple[float, float] = (4.0, 30.0)


EVALUATION_PROTOCOL: Final = PhantomProtocol()


def phantom_case(seed: int, protocol: PhantomProtocol = EVALUATION_PROTOCOL) -> Case:
    """Return a phantom chest whose scan and nodules follow from the seed: diameters log-uniform."""
    rng = np.random.default_rng([seed, 20_161])
    thickness_mm = float(rng.choice(protocol.thicknesses_mm))
    low, high = np.log(protocol.diameters_mm)
    count = int(rng.integers(*protocol.nodules, endpoint=True))
    diameters = np.exp(rng.uniform(low, high, count))
    kinds = rng.choice(list(NoduleKind), len(diameters))
    kernel = Kernel(str(rng.choice(list(Kernel))))
    datasets, nodules = chest_ct(
        seed,
        slices=round(protocol.coverage_mm / thickness_mm),
        rows=protocol.rows,
        slice_thickness_mm=thickness_mm,
        nodule_diameters_mm=tuple(float(d) for d in np.round(diameters, 1)),
        kinds=tuple(NoduleKind(str(kind)) for kind in kinds),
        noise_hu=float(rng.uniform(*protocol.noise_hu)),
        kernel=kernel,
    )
    truth = tuple(
        TrueNodule(
            nodule.centre_lps_mm,
            nodule.diameter_mm,
            groups={"size": size_group(nodule.diameter_mm), "type": str(nodule.kind)},
        )
        for nodule in nodules
    )
    return Case(f"phantom-{seed}", datasets, truth)


def read_case(case: Case, bundle: Bundle) -> ScanOutcome:
    """Return what the shipped pipeline marks in a chest, against its truth.

    Raises:
        NotAnalysable: the pipeline refuses the series.
    """
    try:
        volume = build_volume(case.datasets)
    except DicomError as error:
        raise NotAnalysable(error.reason, str(error)) from error
    return scan_outcome(case.name, case.nodules, marks_in(volume, bundle), _groups(case.datasets[0], volume))


def marks_in(volume: Volume, bundle: Bundle) -> list[Mark]:
    """Return what the shipped pipeline sees in a chest down to LOWEST_PROBABILITY, MOST_MARKS at most."""
    eager = replace(
        bundle, threshold=LOWEST_PROBABILITY, metadata={**bundle.metadata, "most_findings": MOST_MARKS}
    )
    found = detect_nodules(volume, eager, lambda stage, share: None)
    return [Mark(each.centre_lps_mm, each.probability) for each in found if each.centre_lps_mm is not None]


def _groups(header: Dataset, volume: Volume) -> dict[str, str]:
    kernel = header.get("ConvolutionKernel") or ""
    name = kernel if isinstance(kernel, str) else "\\".join(str(part) for part in kernel)
    maker = str(header.get("Manufacturer") or "").strip()
    sharpness = sharpness_of(name, maker)
    thickness_mm = real_number(header.get("SliceThickness")) or volume.spacing_mm[0]
    return {
        "thickness": thickness_group(max(thickness_mm, volume.spacing_mm[0])),
        **({"kernel": str(sharpness)} if sharpness is not None else {}),
        **({"vendor": maker} if maker else {}),
    }


def evaluate_folder(folder: Path, truth: Path, bundle: Bundle, seed: int = 0) -> dict[str, Any]:
    """Return the FROC figures on a folder's CT series against a CSV like LUNA16's annotations.

    Raises:
        NotMeasurable: as `read_truth`, `cases_in` and `froc_figures` say.
    """
    return evaluate_chests(cases_in(folder, read_truth(truth)), bundle, seed=seed)


def evaluate_phantoms(count: int, first_seed: int, bundle: Bundle) -> dict[str, Any]:
    """Return the FROC figures on phantoms with the seeds from `first_seed` on."""
    seeds = range(first_seed, first_seed + count)
    figures = evaluate_chests((phantom_case(seed) for seed in seeds), bundle, seed=first_seed)
    return {**figures, "first_seed": first_seed}


def evaluate_chests(
    cases: Iterable[Case],
    bundle: Bundle,
    *,
    seed: int = 0,
    told: Callable[[ScanOutcome], None] = lambda outcome: None,
) -> dict[str, Any]:
    """Return the FROC figures of the shipped pipeline over cases; a refused series is counted, not measured.

    Raises:
        NotMeasurable: no case could be read, or none has a nodule.
    """
    outcomes: list[ScanOutcome] = []
    refused: dict[str, str] = {}
    for case in cases:
        try:
            outcome = read_case(case, bundle)
        except NotAnalysable as error:
            refused[case.name] = error.reason.en
            continue
        outcomes.append(outcome)
        told(outcome)
    return froc_figures(outcomes, bundle, refused=refused, seed=seed)


def froc_figures(
    outcomes: Sequence[ScanOutcome],
    bundle: Bundle,
    *,
    refused: Mapping[str, str] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the figures of scans that were read, each with its 95 % interval from resampling scans.

    Raises:
        NotMeasurable: there is no nodule in any of them.
    """
    lesions = sum(len(scan.lesions) for scan in outcomes)
    if not lesions:
        raise NotMeasurable(
            "no-nodule-in-truth",
            "None of the scans that could be read has a nodule in the truth: there is nothing to find.",
            "可读取的扫描中没有任何标注结节，无法评估。",
        )
    curve = froc_curve(outcomes)
    large = only_lesions(outcomes, "size", [size_group(low) for low, _ in SIZES_MM if low >= SIZE_OF_GOAL_MM])
    sensitivity, false_per_scan = at_threshold(outcomes, bundle.threshold)

    def at_one(one: FrocCurve) -> float:
        return one.sensitivity_at(1.0)

    return {
        "scans": len(outcomes),
        "lesions": lesions,
        "cpm": rounded(curve.competition_metric()),
        "cpm_95_percent_interval": _interval(outcomes, FrocCurve.competition_metric, seed),
        "sensitivity_at_false_per_scan": {str(r): rounded(curve.sensitivity_at(r)) for r in LUNA16_RATES},
        f"sensitivity_at_1_per_scan_from_{SIZE_OF_GOAL_MM:.0f}_mm": rounded(at_one(froc_curve(large))),
        f"sensitivity_at_1_per_scan_from_{SIZE_OF_GOAL_MM:.0f}_mm_95_percent_interval": _interval(
            large, at_one, seed
        ),
        "at_threshold": {
            "threshold": bundle.threshold,
            "sensitivity": rounded(sensitivity),
            "false_per_scan": rounded(false_per_scan),
        },
        "breakdown": breakdown(outcomes, bundle.threshold),
        "refused": dict(refused or {}),
        "model": bundle.name,
        "model_version": bundle.version,
        "weights_sha256": bundle.weights_sha256,
    }


def _interval(
    outcomes: Sequence[ScanOutcome], measure: Callable[[FrocCurve], float], seed: int
) -> list[float | None]:
    low, high = bootstrap_scans(outcomes, measure, seed=seed)
    return [rounded(low), rounded(high)]
