"""Findings burnt into pictures of their images, for archives whose viewers draw neither reports nor states.

Secondary Capture of single frames in colour: the class that every archive shows.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset
from pydicom.sr.coding import Code
from pydicom.uid import SecondaryCaptureImageStorage

from imaging.chinese import is_chinese
from imaging.errors import GeometryError
from imaging.finding import Finding
from imaging.finding_label import finding_label
from imaging.header_values import whole_number
from imaging.image_plane import ImagePlane
from imaging.rendering import render_png
from imaging.result_header import (
    NOT_FOR_DIAGNOSIS,
    ResultSeries,
    as_text,
    coded,
    derived_uid,
    maker_of,
    new_object,
    reference,
)
from imaging.view_window import view_window

# The longer side: what is smaller is enlarged, so that letters are legible beside it; what is larger shrinks.
SIDE_PX: Final = 1024
LARGE_SIDE_PX: Final = 1536
YELLOW: Final = (255, 221, 0)
BLACK: Final = (0, 0, 0)
LINE_PX: Final = 3
CLEARANCE_PX: Final = 5  # between what is flagged and the line around it
LETTERS_SHARE: Final = 0.026  # of the picture's longer side
SOURCE_IMAGE: Final = Code("121322", "DCM", "Source image for image processing operation")

# Of each kind the first that is installed; deploy/setup.sh installs both.
LATIN_FONTS: Final = ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",)
CHINESE_FONTS: Final = (
    "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf",
    "/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def secondary_captures(
    findings: Sequence[Finding], sources: Sequence[Dataset], *, at: datetime, job_id: str = ""
) -> list[Dataset]:
    """Return one picture of each image that has a finding, with all its findings on it.

    The patient's name is not on it; that it is AI's and not for diagnosis is. Findings without a box, or
    on an image of several frames, are on none.

    Args:
        findings: of one model in one series, all of the run, in the order of its report.
        sources: the images that they lie on with their pixels, and any others.
        at: when the model finished, with time zone.
        job_id: of the run; the same run gives the same objects.

    Raises:
        ValueError: findings of several models, or none.
        NoPixels, ImageTooLarge, UndecodablePixels: an image cannot be read.

    Source: DICOM PS3.3 A.8.1, C.7.6.1.1.2, C.8.6.
    """
    maker = maker_of(findings)
    by_uid = {str(ds.SOPInstanceUID): ds for ds in sources}
    marked: dict[str, list[tuple[int, Finding]]] = {}
    for number, finding in enumerate(findings, start=1):
        image = by_uid.get(finding.sop_instance_uid)
        if finding.box_px is None or image is None or (whole_number(image.get("NumberOfFrames")) or 1) > 1:
            continue
        marked.setdefault(finding.sop_instance_uid, []).append((number, finding))
    captures = []
    for number, (uid, on_image) in enumerate(marked.items(), start=1):
        image = by_uid[uid]
        ds = new_object(
            SecondaryCaptureImageStorage,
            image,
            maker,
            modality="OT",
            series=ResultSeries.CAPTURE,
            sop_instance_uid=derived_uid("capture", job_id, uid, *(as_text(f) for _, f in on_image)),
            at=at,
            instance_number=number,
        )
        ds.ConversionType = "WSD"
        ds.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
        ds.BurnedInAnnotation = "YES"
        ds.DerivationDescription = f"{NOT_FOR_DIAGNOSIS}: {maker.model} {maker.version}"
        ds.ImageComments = "\n".join([NOT_FOR_DIAGNOSIS, *(finding_label(f, n) for n, f in on_image)])
        ds.PatientOrientation = _patient_orientation(image)
        # Empty says unknown; absent, checkers take it for forgotten (PS3.3 C.7.3.1, type 2C).
        ds.Laterality = str(image.get("ImageLaterality") or image.get("Laterality") or "")
        if str(image.get("LossyImageCompression", "")) == "01":
            ds.LossyImageCompression = "01"
        source = reference(image)
        source.PurposeOfReferenceCodeSequence = [coded(SOURCE_IMAGE)]
        ds.SourceImageSequence = [source]
        picture = np.asarray(marked_picture(image, on_image))
        ds.Rows, ds.Columns, ds.SamplesPerPixel = picture.shape
        ds.PhotometricInterpretation, ds.PlanarConfiguration = "RGB", 0
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
        pixels = picture.tobytes()
        ds.PixelData = pixels + b"\0" * (len(pixels) % 2)
        captures.append(ds)
    return captures


def marked_picture(image: Dataset, findings: Sequence[tuple[int, Finding]]) -> Image.Image:
    """Return the image as it is shown, in colour, with each numbered finding outlined and named on it.

    Raises: NoPixels, ImageTooLarge, UndecodablePixels.
    """
    picture = Image.open(BytesIO(render_png(_shown(image), LARGE_SIDE_PX))).convert("RGB")
    longer = max(picture.size)
    if longer < SIDE_PX:
        factor = SIDE_PX / longer
        size = round(picture.width * factor), round(picture.height * factor)
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    across, down = picture.width / int(image.Columns), picture.height / int(image.Rows)
    letters = max(round(LETTERS_SHARE * max(picture.size)), 12)
    draw = ImageDraw.Draw(picture)
    for number, finding in findings:
        x0, y0, x1, y1 = finding.box_px or (0.0, 0.0, 0.0, 0.0)
        box = (
            round(x0 * across) - CLEARANCE_PX,
            round(y0 * down) - CLEARANCE_PX,
            round(x1 * across) + CLEARANCE_PX,
            round(y1 * down) + CLEARANCE_PX,
        )
        draw.rectangle((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), outline=BLACK, width=LINE_PX + 2)
        draw.rectangle(box, outline=YELLOW, width=LINE_PX)
        label = finding_label(finding, number)
        width = _width(label, letters)
        above = box[1] - letters - 8
        place = (
            max(4, min(box[0], picture.width - round(width) - 4)),
            above if above >= 2 * letters + 8 else min(box[3] + 6, picture.height - letters - 8),
        )
        _write(draw, place, label, letters)
    _write(draw, (letters // 2, letters // 2), NOT_FOR_DIAGNOSIS, letters)
    return picture


def _shown(image: Dataset) -> Dataset:
    """The image with the window in which findings are shown; pixels are shared, not copied."""
    window = view_window(image)
    shown = Dataset()
    shown.update({element.tag: element for element in image})
    shown.file_meta = image.file_meta
    if window is not None:
        if "VOILUTSequence" in shown:
            del shown.VOILUTSequence
        shown.WindowCenter, shown.WindowWidth = f"{window.centre:.10g}", f"{window.width:.10g}"
        shown.VOILUTFunction = window.function
    return shown


def _patient_orientation(image: Dataset) -> list[str]:
    """Where rows and columns point to in the patient, in letters (PS3.3 C.7.6.1.1.1); empty where unknown."""
    given = [str(v) for v in image.get("PatientOrientation") or []]
    if len(given) == 2 and all(given):
        return given
    try:
        plane = ImagePlane.from_header(image)
    except GeometryError:
        return []
    return [_letters(plane.along_row), _letters(plane.down_column)]


def _letters(direction: tuple[float, float, float]) -> str:
    """The directions that a vector in LPS has a part in, the largest part first."""
    axes = sorted(zip(direction, ("LR", "PA", "HF"), strict=True), key=lambda pair: -abs(pair[0]))
    return "".join(names[0] if part > 0 else names[1] for part, names in axes if abs(part) > 0.05)


@cache
def _fonts(letters: int) -> tuple[Font, ImageFont.FreeTypeFont | None]:
    latin, chinese = (
        next((ImageFont.truetype(path, letters) for path in paths if Path(path).exists()), None)
        for paths in (LATIN_FONTS, CHINESE_FONTS)
    )
    return latin or ImageFont.load_default(letters), chinese


def _runs(text: str, letters: int) -> list[tuple[str, Font]]:
    """The text in runs of one font; where no Chinese font is installed, without its Chinese."""
    latin, chinese = _fonts(letters)
    runs: list[tuple[str, Font]] = []
    for in_chinese, characters in groupby(text, key=is_chinese):
        font = chinese if in_chinese else latin
        if font is not None:
            runs.append(("".join(characters), font))
    return runs


def _width(text: str, letters: int) -> float:
    return sum(font.getlength(run) for run, font in _runs(text, letters))


def _write(draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, letters: int) -> None:
    """Write one line, with a dark edge so that it is legible on anything."""
    x, baseline = float(place[0]), place[1] + letters
    for run, font in _runs(text, letters):
        if isinstance(font, ImageFont.FreeTypeFont):
            draw.text((x, baseline), run, YELLOW, font, "ls", stroke_width=2, stroke_fill=BLACK)
        else:
            draw.text((x, place[1]), run, YELLOW, font)
        x += font.getlength(run)
