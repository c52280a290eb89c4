"""What somebody measured on an image, as a room shares it and a case keeps it.

Where it lies is said in pixels of the stored image, so that every screen draws it on the same tissue. What it
says was computed by its owner's page from those points and the stored values (ADR 28), and is shown as it was
computed.
"""

from typing import Annotated, Literal

from pydantic import Field

from signaling.wire import Finite, Frame, Id, Message, Uid

MOST_SHARED = 200  # in one room

Number = Annotated[float, Field(allow_inf_nan=False)]
Size = Annotated[float, Field(allow_inf_nan=False, ge=0)]  # mm or mm2; pixels where nothing is calibrated
Unit = Annotated[str, Field(max_length=64)]
Basis = Literal["pixel-spacing", "imager-pixel-spacing", "uncalibrated"]
Kind = Literal["length", "bidirectional", "angle", "ellipse", "probe", "arrow"]


class ImagePoint(Message):
    """x is the column, y the row, in pixels of the stored image, zero-based."""

    x: Finite
    y: Finite


class MeasuredLength(Message):
    kind: Literal["length"]
    length: Size
    basis: Basis


class MeasuredAxes(Message):
    kind: Literal["bidirectional"]
    long: Size
    short: Size
    basis: Basis


class MeasuredAngle(Message):
    kind: Literal["angle"]
    degrees: Annotated[float, Field(ge=0, le=180)]


class PixelStatistics(Message):
    mean: Number
    deviation: Size
    least: Number
    most: Number
    count: Annotated[int, Field(ge=1)]


class MeasuredEllipse(Message):
    kind: Literal["ellipse"]
    area: Size
    basis: Basis
    statistics: PixelStatistics | None
    unit: Unit | None


class MeasuredPixel(Message):
    kind: Literal["probe"]
    column: int
    row: int
    value: Number | None
    unit: Unit | None


class MarkedPlace(Message):
    kind: Literal["arrow"]


Measured = Annotated[
    MeasuredLength | MeasuredAxes | MeasuredAngle | MeasuredEllipse | MeasuredPixel | MarkedPlace,
    Field(discriminator="kind"),
]


class ImageMeasurement(Message):
    """`measured` is null until enough of it is drawn. What is not final is being drawn, and is not kept."""

    id: Id
    study_instance_uid: Uid
    sop_instance_uid: Uid
    frame: Frame
    kind: Kind
    points: Annotated[tuple[ImagePoint, ...], Field(min_length=1, max_length=4)]
    label: Annotated[str, Field(max_length=80)]
    measured: Measured | None
    final: bool


class SharedMeasurement(Message):
    owner_id: Id
    owner_name: Annotated[str, Field(max_length=200)]  # who has left the room is named too
    measurement: ImageMeasurement
