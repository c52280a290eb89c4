"""The key images in a report, as one version of it shows them. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import Field

from teleconsult.key_images.repository import Shown
from teleconsult.reports.template import Data, Words, said

# Three pages of them; a reader who needs more opens the images.
MOST_FIGURES: Final = 12
MOST_OF_A_DESCRIPTION: Final = 64  # characters: what DICOM allows

SERIES, IMAGE, FRAME = said("series", "序列"), said("image", "图像"), said("frame", "帧")
SLICE: Final = said("slice", "层面")
UNKNOWN: Final = said("image unknown", "图像不详")

REMOVED: Final = said("the key image was removed from the list", "该关键图像已从列表中移除")
GONE: Final = said("the image is no longer in the archive", "影像归档中已无此图像")
COLD: Final = said("the study lies in the cold store; have it brought back", "该检查在冷存储中，需先调回")
UNREADABLE: Final = said("the image's pixels cannot be read", "该图像的像素无法读取")
AWAY: Final = said("the image archive did not answer in time", "影像归档未能及时响应")
WITH_AI_MARKS: Final = said(
    "AI drew marks into this picture; choose the original image", "该图片带有 AI 绘制的标记，请改选原始图像"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image stands in its series, as the viewer counts, and the number that it bears.

    They differ where a scanner counts the other way; other workstations show the second.
    """

    index: int  # from 1, along the slices' normal
    count: int
    image_number: int | None  # Instance Number (0020,0013)

    @property
    def slice(self) -> str:
        return f"{self.index}/{self.count}"


class Figure(Data):
    """
    Attributes:
        series: its number and description; empty: neither is known.
        slice: "38/99" as the viewer counts; empty: it is the only image, or its place is not known.
        frame_number: counted from 1; None: the image has but one.
        view: laterality and view by the header, as R-MLO; empty: it has none, or was not looked at yet.
        shades: the window; empty where the image has none.
        missing: why its picture is not shown; None: it is.
    """

    number: int
    key_image_id: str
    study_instance_uid: str
    sop_instance_uid: str
    frame: int
    study_date: str | None
    modality: str
    series: str
    image_number: int | None
    frame_number: int | None
    shades: str
    laid: Words | None
    note: str = Field(repr=False)
    made_by: str
    made_at: datetime
    view: str = ""
    slice: str = ""
    missing: Words | None = None

    @property
    def image(self) -> Words:
        return said(self._named(lambda words: words.en), self._named(lambda words: words.zh))

    @property
    def image_in_both(self) -> str:
        """`image` with the words in both languages, and what has none but once."""
        return self._named(lambda words: words.both)

    def _named(self, word: Callable[[Words], str]) -> str:
        places = (
            (SERIES, self.series or None),
            (IMAGE, self.image_number),
            (SLICE, self.slice or None),
            (FRAME, self.frame_number),
        )
        named = [f"{word(words)} {place}" for words, place in places if place is not None]
        return " · ".join([*filter(None, (self.study_date, self.modality)), *named]) or word(UNKNOWN)

    @property
    def line(self) -> str:
        """What versions are compared by: without number and slice, which others' coming and going change."""
        by = f"{self.made_by}: {self.note}" if self.note else self.made_by
        laid = self.laid.both if self.laid else ""
        image = self.model_copy(update={"slice": ""}).image_in_both
        return " · ".join(filter(None, (self.view, image, self.shades, laid, by)))


def figure_lines(figures: Sequence[Figure]) -> str:
    """The figures as text, one on each line."""
    return "\n".join(figure.line for figure in figures)


def figure_of(number: int, shown: Shown, made_by: str, place: Place | None = None) -> Figure:
    """A key image as a figure, before its picture was fetched."""
    one = shown.key_image
    gone = None if shown.is_there else GONE
    return Figure(
        number=number,
        key_image_id=one.id,
        study_instance_uid=one.study_instance_uid,
        sop_instance_uid=one.sop_instance_uid,
        frame=one.frame,
        study_date=shown.study_date,
        modality=shown.modality,
        series=_series(shown),
        image_number=shown.instance_number,
        frame_number=one.frame + 1 if shown.number_of_frames > 1 else None,
        shades=_shades(shown),
        laid=_laid(shown),
        note=one.note,
        made_by=made_by,
        made_at=one.made_at,
        slice=place.slice if place and place.count > 1 else "",
        missing=REMOVED if one.is_removed else gone,
    )


def _series(shown: Shown) -> str:
    description = (shown.series_description or "")[:MOST_OF_A_DESCRIPTION]
    return " ".join(str(part) for part in (shown.series_number, description) if part not in (None, ""))


def _shades(shown: Shown) -> str:
    window = shown.key_image.window
    if window is None:
        return ""
    return f"W {window.width:g} / L {window.center:g}"


def _laid(shown: Shown) -> Words | None:
    turn = shown.key_image.turn
    if turn is None or (turn.rotation == 0 and not turn.flip):
        return None
    mirrored = ("mirrored", "左右镜像") if turn.flip else None
    turned = (f"turned {turn.rotation}°", f"旋转 {turn.rotation}°") if turn.rotation else None
    both = [words for words in (mirrored, turned) if words]
    return said(", ".join(en for en, _ in both), "、".join(zh for _, zh in both))
