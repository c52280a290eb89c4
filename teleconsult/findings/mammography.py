"""What the API says of a mammography examination beyond its findings."""

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from imaging.breast_measures import BreastMeasures
from inference.breast_exam import density_of_exam, sides_of_exam
from inference.view_matching import TOLERANCE_MM, Flag, match_views
from teleconsult.findings.finding_record import FindingRecord


class DensityOut(BaseModel):
    """An ACR category with its probability, and how much of the breast is dense, 0 to 100."""

    model_config = ConfigDict(from_attributes=True)

    category: Literal["A", "B", "C", "D"]
    probability: float
    percent: float


class BreastImageOut(BaseModel):
    sop_instance_uid: str
    image_laterality: str | None
    view_position: str | None
    density: DensityOut | None
    dense_cm2: float | None


class SideOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    percent: float
    dense_cm2: float | None


class SidesOut(BaseModel):
    """Both breasts on the same view, as measured."""

    model_config = ConfigDict(from_attributes=True)

    view_position: str
    right: SideOut
    left: SideOut


class ViewPairOut(BaseModel):
    """Findings on the two views of a breast that lie as far from the nipple, and by how much they differ."""

    finding_ids: tuple[str, str]
    difference_mm: float


class MammographyOut(BaseModel):
    """Over all images of a study that have been read so far."""

    density: DensityOut | None
    images: list[BreastImageOut]
    sides: list[SidesOut]
    view_pairs: list[ViewPairOut]
    view_tolerance_mm: float  # farther apart than this, no two findings are paired


def mammography_out(
    breasts: Mapping[str, BreastMeasures], records: Sequence[FindingRecord]
) -> MammographyOut | None:
    """Return what was measured, None where nothing was: no mammograms, or read before there were measures.

    Args:
        breasts: by SOP Instance UID.
        records: the study's findings.
    """
    if not breasts:
        return None
    images = list(breasts.values())
    density = density_of_exam(images)
    flags = [flag for record in records if (flag := _flag(record, breasts)) is not None]
    return MammographyOut(
        density=None if density is None else DensityOut.model_validate(density),
        images=[_image(one) for one in images],
        sides=[SidesOut.model_validate(one) for one in sides_of_exam(images)],
        view_pairs=[
            ViewPairOut(finding_ids=(pair.craniocaudal, pair.oblique), difference_mm=pair.difference_mm)
            for pair in match_views(flags)
        ],
        view_tolerance_mm=TOLERANCE_MM,
    )


def _image(one: BreastMeasures) -> BreastImageOut:
    density = None
    if one.density is not None:
        density = DensityOut.model_validate(
            {
                "category": one.density.category,
                "probability": max(one.density.probabilities),
                "percent": one.density.percent,
            }
        )
    return BreastImageOut(
        sop_instance_uid=one.sop_instance_uid,
        image_laterality=one.image_laterality,
        view_position=one.view_position,
        density=density,
        dense_cm2=one.dense_cm2,
    )


def _flag(record: FindingRecord, breasts: Mapping[str, BreastMeasures]) -> Flag | None:
    finding = record.finding
    image = breasts.get(finding.sop_instance_uid)
    if image is None or image.image_laterality is None or image.view_position is None:
        return None
    if finding.distance_to_nipple_mm is None:
        return None
    return Flag(
        record.id,
        str(finding.kind),
        image.image_laterality,
        image.view_position,
        finding.distance_to_nipple_mm,
    )
