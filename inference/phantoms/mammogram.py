"""A digital mammogram phantom: a seed gives an image, its exact truth, and a valid DICOM object.

It feeds the tests, the training of `models/mammography`, and the demonstration studies of an installation
that holds no real images. It is made up from noise and curves; no patient's data went into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont
from pydicom import Dataset
from scipy import ndimage

from inference.phantoms.mammogram_anatomy import (
    GLANDULAR_SHARE,
    STRUCTURE_SPACING_MM,
    Anatomy,
    Density,
    View,
    draw_anatomy,
)
from inference.phantoms.mammogram_dicom import mammogram_dataset
from inference.phantoms.mammogram_lesions import (
    CLUSTER_DIAMETER_MM,
    DISTORTION_DIAMETER_MM,
    FORMS,
    MARGINS,
    MASS_DIAMETER_MM,
    Patch,
    Speck,
    add_patch,
    add_specks,
    biopsy_clip,
    draw_distortion,
    draw_in,
    draw_lymph_node,
    draw_mass,
    macro_calcification,
    scaled,
    scatter_cluster,
    vascular_calcification,
)
from inference.phantoms.noise import Plane

T = TypeVar("T")
Laterality = Literal["L", "R"]
VIEWS: Final[tuple[View, ...]] = ("CC", "MLO")
SIDES: Final[tuple[Laterality, ...]] = ("L", "R")
DENSITIES: Final[tuple[Density, ...]] = tuple(GLANDULAR_SHARE)
DETECTOR_MM: Final = (300.0, 240.0)
SMALL_DETECTOR_MM: Final = (240.0, 180.0)
FULL_PIXEL_MM: Final = 0.1
SMALL_PIXEL_MM: Final = 0.2
BITS: Final = 12
WHITE: Final = 2**BITS - 1
SHARPENING_MM: Final = 1.5
# A lesion that no reader could see is no truth: its contrast is at least this many deviations of the tissue
# around it (smoothed over 1 mm), and a calcification's this many of the detector's noise over its own area.
LEAST_CONTRAST_TO_NOISE: Final = {"mass": 1.3, "architectural-distortion": 0.9, "calcification-cluster": 5.0}
MOST_MASS_CONTRAST: Final = 1.1
MOST_LINE_CONTRAST: Final = 0.75

LesionKind = Literal["mass", "calcification-cluster", "architectural-distortion"]


@dataclass(frozen=True, slots=True)
class LesionTruth:
    """One lesion that was drawn: box_px is (x0, y0, x1, y1) on the image's pixels, x1 and y1 exclusive.

    contrast_to_noise: as LEAST_CONTRAST_TO_NOISE counts it.
    """

    kind: LesionKind
    box_px: tuple[int, int, int, int]
    diameter_mm: float
    descriptor: str
    contrast_to_noise: float


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a vendor's processing turns brightness into stored values, and how noisy the detector is."""

    air: int
    fat: int
    span: int
    gamma: float
    noise: float
    blur_mm: float
    label: bool
    sharpening: float = 0.0
    bits_stored: int = 12


@dataclass(frozen=True, slots=True)
class PhantomMammogram:
    """Stored values (row, column), dense is bright; what is in it, and what it shows; nipple_px is (x, y)."""

    pixels: NDArray[np.uint16]
    spacing_mm: float
    laterality: Laterality
    view: View
    density: Density
    lesions: tuple[LesionTruth, ...]
    breast: NDArray[np.bool_]
    pectoral: NDArray[np.bool_]
    appearance: Appearance
    nipple_px: tuple[float, float]


PLAIN: Final = Appearance(air=0, fat=850, span=2600, gamma=1.1, noise=0.018, blur_mm=0.05, label=True)


def random_appearance(rng: np.random.Generator) -> Appearance:
    """Return one of many vendors: from raw-looking with little contrast to hard black and white."""
    fat = int(rng.uniform(350, 2400))
    return Appearance(
        air=int(rng.choice([0, 0, 0, rng.uniform(0, 150)])),
        fat=fat,
        span=int(rng.uniform(0.3, 0.95) * (WHITE - fat)),
        gamma=float(rng.uniform(0.75, 1.5)),
        noise=float(rng.uniform(0.008, 0.04)),
        blur_mm=float(rng.uniform(0.03, 0.12)),
        label=bool(rng.random() < 0.85),
        sharpening=float(max(0.0, rng.uniform(-0.5, 1.2))),
        bits_stored=int(rng.choice([12, 12, 12, 14, 16])),
    )


def draw_mammogram(
    seed: int,
    *,
    view: View | None = None,
    laterality: Laterality | None = None,
    density: Density | None = None,
    masses: int | None = None,
    clusters: int | None = None,
    distortions: int | None = 0,
    pixel_mm: float = FULL_PIXEL_MM,
    detector_mm: tuple[float, float] = DETECTOR_MM,
    appearance: Appearance | None = PLAIN,
) -> PhantomMammogram:
    """Return the phantom of this seed; what is left None is drawn by the seed.

    Args:
        pixel_mm: FULL_PIXEL_MM gives 3000 x 2400 pixels, SMALL_PIXEL_MM a quarter of them.
        detector_mm: height and width of the image.
        appearance: None draws one of many vendors.
    """
    rng = np.random.default_rng([seed, 20_117])
    shown: View = view if view is not None else _pick(rng, VIEWS)
    side: Laterality = laterality if laterality is not None else _pick(rng, SIDES)
    tissue: Density = density if density is not None else _pick(rng, DENSITIES)
    masses = int(rng.choice(3, p=(0.45, 0.45, 0.1))) if masses is None else masses
    clusters = int(rng.choice(3, p=(0.55, 0.37, 0.08))) if clusters is None else clusters
    distortions = int(rng.random() < 0.2) if distortions is None else distortions
    appearance = appearance or random_appearance(rng)

    anatomy = draw_anatomy(rng, shown, tissue, *detector_mm)
    taken: list[tuple[float, float, float]] = []
    truth: list[LesionTruth] = []
    scale = STRUCTURE_SPACING_MM / pixel_mm
    place_structure = [_place_distortion] * distortions + [_place_mass] * masses
    for place in place_structure:
        lesion = place(rng, anatomy, taken, scale)
        if lesion is not None:
            truth.append(lesion)
    _add_nodes(rng, anatomy, shown)
    _add_harmless_densities(rng, anatomy, taken)

    brightness = anatomy.brightness
    if appearance.sharpening:
        brightness = brightness + np.float32(appearance.sharpening) * (
            brightness - ndimage.gaussian_filter(brightness, SHARPENING_MM / STRUCTURE_SPACING_MM)
        )
    plane = _upsample(brightness, scale)
    skin_distance = _upsample(anatomy.skin_distance_mm, scale)
    specks: list[Speck] = []
    for _ in range(clusters):
        found = _place_cluster(rng, anatomy, taken, plane, pixel_mm, appearance.noise)
        if found is not None:
            truth.append(found)
    specks += _harmless_specks(rng, anatomy, taken)
    add_specks(plane, specks, (pixel_mm, pixel_mm))

    pixels = _stored_values(rng, plane, skin_distance, appearance, pixel_mm)
    breast = skin_distance > 0.0
    pectoral = _upsample(anatomy.pectoral, scale) > 0.5
    nipple_px = (anatomy.nipple_mm[1] / pixel_mm, anatomy.nipple_mm[0] / pixel_mm)
    if side == "R":
        width = pixels.shape[1]
        nipple_px = (width - nipple_px[0], nipple_px[1])
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        breast, pectoral = np.ascontiguousarray(breast[:, ::-1]), np.ascontiguousarray(pectoral[:, ::-1])
        truth = [
            LesionTruth(
                t.kind,
                (width - t.box_px[2], t.box_px[1], width - t.box_px[0], t.box_px[3]),
                t.diameter_mm,
                t.descriptor,
                t.contrast_to_noise,
            )
            for t in truth
        ]
    if appearance.label:
        _write_label(rng, pixels, f"{side}{shown}", side, pixel_mm)
    if appearance.bits_stored != BITS:
        pixels <<= appearance.bits_stored - BITS
    return PhantomMammogram(
        pixels, pixel_mm, side, shown, tissue, tuple(truth), breast, pectoral, appearance, nipple_px
    )


def mammogram(
    seed: int,
    *,
    view: View | None = None,
    laterality: Laterality | None = None,
    density: Density | None = None,
    masses: int | None = None,
    clusters: int | None = None,
    distortions: int | None = 0,
    pixel_mm: float = FULL_PIXEL_MM,
    appearance: Appearance | None = PLAIN,
    study_seed: int | None = None,
    instance_number: int = 1,
) -> tuple[Dataset, PhantomMammogram]:
    """Return the phantom as a DICOM object with a file meta header, and the truth about it.

    Instances with the same study_seed belong to one study of one made-up patient.

    Source: DICOM PS3.3 A.26, Digital Mammography X-Ray Image IOD.
    """
    phantom = draw_mammogram(
        seed,
        view=view,
        laterality=laterality,
        density=density,
        masses=masses,
        clusters=clusters,
        distortions=distortions,
        pixel_mm=pixel_mm,
        appearance=appearance,
    )
    dataset = mammogram_dataset(
        phantom.pixels,
        phantom.spacing_mm,
        phantom.laterality,
        phantom.view,
        seed=seed,
        study_seed=seed if study_seed is None else study_seed,
        instance_number=instance_number,
        bits_stored=phantom.appearance.bits_stored,
    )
    return dataset, phantom


EXAM: Final[Sequence[tuple[Laterality, View]]] = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))


def mammogram_exam(seed: int, *, pixel_mm: float = FULL_PIXEL_MM) -> list[tuple[Dataset, PhantomMammogram]]:
    """Return the four standard views of one made-up patient; one of the breasts carries a mass.

    The two views of a breast are drawn apart: a lesion's place in one says nothing about the other.
    """
    rng = np.random.default_rng([seed, 4])
    density = _pick(rng, DENSITIES[:3])
    side = _pick(rng, SIDES)
    return [
        mammogram(
            seed * 10 + number,
            view=view,
            laterality=laterality,
            density=density,
            masses=int(laterality == side),
            clusters=int(laterality == side and view == "CC"),
            pixel_mm=pixel_mm,
            study_seed=seed,
            instance_number=number,
        )
        for number, (laterality, view) in enumerate(EXAM, start=1)
    ]


def _pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    return choices[int(rng.integers(len(choices)))]


def _upsample(plane: Plane, scale: float) -> Plane:
    if scale == 1.0:
        return plane.copy()
    shape = tuple(round(n * scale) for n in plane.shape)
    image = PillowImage.fromarray(plane, mode="F").resize(
        (shape[1], shape[0]), PillowImage.Resampling.BILINEAR
    )
    return np.array(image, np.float32)


def _free_place(
    rng: np.random.Generator,
    anatomy: Anatomy,
    taken: list[tuple[float, float, float]],
    radius_mm: float,
    muscle_allowed: float,
) -> tuple[float, float] | None:
    """Return (row, column) in mm inside the breast, away from skin, borders and what is there already."""
    step = 8
    clear = anatomy.skin_distance_mm[::step, ::step] > radius_mm * 0.8 + 3.0
    clear &= (anatomy.pectoral[::step, ::step] < 0.5) | (rng.random() < muscle_allowed)
    spacing = STRUCTURE_SPACING_MM * step
    border = int(np.ceil((radius_mm + 2.0) / spacing))
    clear[:border], clear[-border:], clear[:, :border] = False, False, False
    rows, columns = np.nonzero(clear)
    for row, column, other in taken:
        apart = np.hypot(rows * spacing - row, columns * spacing - column) > radius_mm + other + 6.0
        rows, columns = rows[apart], columns[apart]
    if rows.size == 0:
        return None
    # Lesions arise in glandular tissue more often than their chance.
    weight = 0.15 + anatomy.glandular[::step, ::step][rows, columns]
    index = int(rng.choice(rows.size, p=weight / weight.sum()))
    jitter = rng.uniform(-0.5, 0.5, 2)
    return (rows[index] + jitter[0]) * spacing, (columns[index] + jitter[1]) * spacing


def _place_mass(
    rng: np.random.Generator, anatomy: Anatomy, taken: list[tuple[float, float, float]], scale: float
) -> LesionTruth | None:
    diameter = float(np.exp(rng.uniform(*np.log(MASS_DIAMETER_MM))))
    place = _free_place(rng, anatomy, taken, diameter / 2.0, muscle_allowed=0.1)
    if place is None:
        return None
    margin = _pick(rng, MARGINS)
    patch = draw_mass(rng, place, diameter, margin, 1.0, STRUCTURE_SPACING_MM)
    # Dense tissue is pushed aside by a mass rather than added to it.
    room = 1.0 - 0.35 * anatomy.glandular
    wanted = rng.uniform(0.35, 0.85)
    contrast, ratio = _visible(anatomy.brightness, patch, room, wanted, "mass")
    contrast = min(contrast, max(MOST_MASS_CONTRAST, wanted))
    add_patch(anatomy.brightness, scaled(patch, contrast), room)
    taken.append((*place, diameter / 2.0))
    box = _core_box(patch, scale, anatomy.brightness.shape)
    return LesionTruth("mass", box, diameter, margin, contrast * ratio)


def _place_distortion(
    rng: np.random.Generator, anatomy: Anatomy, taken: list[tuple[float, float, float]], scale: float
) -> LesionTruth | None:
    diameter = float(np.exp(rng.uniform(*np.log(DISTORTION_DIAMETER_MM))))
    place = _free_place(rng, anatomy, taken, diameter / 2.0, muscle_allowed=0.0)
    if place is None:
        return None
    draw_in(anatomy.brightness, place, diameter / 2.0, rng.uniform(0.3, 0.8), STRUCTURE_SPACING_MM)
    patch = draw_distortion(rng, place, diameter, 1.0, STRUCTURE_SPACING_MM)
    room = np.clip(anatomy.skin_distance_mm / 4.0, 0.0, 1.0)
    kind: LesionKind = "architectural-distortion"
    contrast, ratio = _visible(anatomy.brightness, patch, room, rng.uniform(0.2, 0.45), kind)
    contrast = min(contrast, MOST_LINE_CONTRAST)
    add_patch(anatomy.brightness, scaled(patch, contrast), room)
    taken.append((*place, diameter / 2.0))
    box = _core_box(patch, scale, anatomy.brightness.shape)
    return LesionTruth(kind, box, diameter, "radiating", contrast * ratio)


def _visible(
    brightness: Plane, patch: Patch, room: Plane, wanted: float, kind: LesionKind
) -> tuple[float, float]:
    """Return a contrast from `wanted` up at which a patch can be seen, and contrast-to-noise per contrast.

    What is added in the core (its typical value for a mass, its deviation for lines) is set against the
    deviation of the tissue within twice the patch's core.
    """
    top, left = patch.corner
    height, width = patch.core.shape
    rows, columns = (slice(max(top, 0), top + height), slice(max(left, 0), left + width))
    around = ndimage.gaussian_filter(brightness[rows, columns], 1.0 / STRUCTURE_SPACING_MM)
    cut = (slice(max(-top, 0), None), slice(max(-left, 0), None))
    core = patch.core[cut][: around.shape[0], : around.shape[1]]
    added = (patch.brightness[cut][: around.shape[0], : around.shape[1]] * room[rows, columns])[core]
    signal = float(added.mean() if kind == "mass" else 2.0 * added.std())
    ratio = signal / max(float(around.std()), 0.02)
    return max(wanted, LEAST_CONTRAST_TO_NOISE[kind] / max(ratio, 1e-6)), ratio


def _core_box(patch: Patch, scale: float, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(patch.core)
    top, left = patch.corner
    y0, y1 = max(top + int(rows.min()), 0), min(top + int(rows.max()) + 1, shape[0])
    x0, x1 = max(left + int(columns.min()), 0), min(left + int(columns.max()) + 1, shape[1])
    return round(x0 * scale), round(y0 * scale), round(x1 * scale), round(y1 * scale)


def _place_cluster(
    rng: np.random.Generator,
    anatomy: Anatomy,
    taken: list[tuple[float, float, float]],
    plane: Plane,
    pixel_mm: float,
    noise: float,
) -> LesionTruth | None:
    diameter = float(np.exp(rng.uniform(*np.log(CLUSTER_DIAMETER_MM))))
    place = _free_place(rng, anatomy, taken, diameter / 2.0, muscle_allowed=0.03)
    if place is None:
        return None
    form = _pick(rng, FORMS)
    specks = scatter_cluster(rng, place, diameter, form)
    ratios = [
        speck.brightness * np.sqrt(np.pi * speck.half_axes_mm[0] * speck.half_axes_mm[1]) / FULL_PIXEL_MM
        for speck in specks
    ]
    ratio = float(np.median(ratios)) / noise
    least = LEAST_CONTRAST_TO_NOISE["calcification-cluster"]
    if ratio < least:
        specks = [replace(speck, brightness=speck.brightness * least / ratio) for speck in specks]
    boxes = add_specks(plane, specks, (pixel_mm, pixel_mm))
    taken.append((*place, diameter / 2.0))
    low, high = np.min(boxes, axis=0), np.max(boxes, axis=0)
    box = (int(low[0]), int(low[1]), int(high[2]), int(high[3]))
    longest_mm = max(box[2] - box[0], box[3] - box[1]) * pixel_mm
    return LesionTruth("calcification-cluster", box, longest_mm, form, max(ratio, least))


def _add_nodes(rng: np.random.Generator, anatomy: Anatomy, view: View) -> None:
    """Put benign lymph nodes into the axilla of half of the oblique views."""
    if view != "MLO" or rng.random() < 0.5:
        return
    height, width = anatomy.brightness.shape
    for _ in range(int(rng.integers(1, 4))):
        row = rng.uniform(0.03, 0.25) * height * STRUCTURE_SPACING_MM
        column = rng.uniform(0.02, 0.25) * width * STRUCTURE_SPACING_MM
        node = draw_lymph_node(rng, (row, column), STRUCTURE_SPACING_MM)
        add_patch(anatomy.brightness, node, np.clip(anatomy.skin_distance_mm / 3.0, 0.0, 1.0))


def _add_harmless_densities(
    rng: np.random.Generator, anatomy: Anatomy, taken: list[tuple[float, float, float]]
) -> None:
    """Put knots of tissue where strands meet: smaller than any mass that is drawn."""
    for _ in range(int(rng.poisson(6.0))):
        place = _free_place(rng, anatomy, taken, 3.0, muscle_allowed=0.0)
        if place is not None:
            knot = draw_mass(
                rng,
                place,
                rng.uniform(1.5, 4.5),
                _pick(rng, ("indistinct", "spiculated")),
                1.0,
                STRUCTURE_SPACING_MM,
            )
            add_patch(anatomy.brightness, scaled(knot, rng.uniform(0.1, 0.5)), 1.0 - 0.5 * anatomy.glandular)


def _harmless_specks(
    rng: np.random.Generator, anatomy: Anatomy, taken: list[tuple[float, float, float]]
) -> list[Speck]:
    """Return what calcifies without being a cluster: grains, coarse ones, vessel walls, a marker."""
    specks: list[Speck] = []
    for _ in range(int(rng.poisson(2.5))):
        place = _free_place(rng, anatomy, taken, 8.0, muscle_allowed=0.2)
        if place is None:
            break
        taken.append((*place, 4.0))
        kind = rng.random()
        if kind < 0.06:
            specks += biopsy_clip(rng, place)
        elif kind < 0.55:
            half = rng.uniform(0.12, 0.35)
            specks.append(Speck(place, (half, half), 0.0, rng.uniform(0.3, 1.2)))
        elif kind < 0.85:
            specks += macro_calcification(rng, place)
        else:
            specks += vascular_calcification(rng, place)
    if rng.random() < 0.2:
        row, column = anatomy.nipple_mm
        specks.append(
            Speck((row + rng.normal(0.0, 4.0), column - rng.uniform(-3.0, 4.0)), (1.2, 1.2), 0.0, 3.0)
        )
    return specks


def _stored_values(
    rng: np.random.Generator, plane: Plane, skin_distance: Plane, appearance: Appearance, pixel_mm: float
) -> NDArray[np.uint16]:
    sigma = appearance.blur_mm / pixel_mm
    if sigma > 0.3:
        plane = ndimage.gaussian_filter(plane, sigma)
    noise = rng.standard_normal(plane.shape, dtype=np.float32)
    noise += np.roll(noise, 1, 0) + np.roll(noise, 1, 1)
    # Beyond the breast and the markers there is only air.
    width = int(np.flatnonzero((skin_distance.max(axis=0) > -1.0) | (plane.max(axis=0) > 1.5))[-1]) + 1
    value = np.full(plane.shape, appearance.air, np.float32)
    if appearance.air:
        value += 3.0 * noise
    plane, skin_distance, noise = plane[:, :width], skin_distance[:, :width], noise[:, :width]
    plane = plane + np.float32(appearance.noise * 0.58 * min(1.0, FULL_PIXEL_MM / pixel_mm)) * noise
    shade = np.clip((plane + 0.35) / 1.6, 0.0, None)
    if appearance.gamma != 1.0:
        shade **= np.float32(appearance.gamma)
    # A soft shoulder: lead, metal and coarse calcifications reach white without a step.
    bright = shade > 0.85
    shade[bright] = 0.85 + 0.25 * np.tanh((shade[bright] - 0.85) / 0.25)
    # Skin stays above air, however hard the look.
    low = max(appearance.fat - 0.22 * appearance.span, 0.3 * appearance.fat)
    tissue = np.maximum(low + np.float32(appearance.span) * shade, appearance.air)
    edge = np.clip(skin_distance / 0.3 + 0.5, 0.0, 1.0)
    value[:, :width] = appearance.air + (tissue - appearance.air) * edge
    if appearance.air:
        value[:, :width] += (1.0 - edge) * 3.0 * noise
    # A marker stuck on the skin stands in the air too.
    value[:, :width][(edge < 1.0) & (plane > 2.0)] = WHITE
    return np.clip(np.rint(value), 0, WHITE).astype(np.uint16)


def _write_label(
    rng: np.random.Generator, pixels: NDArray[np.uint16], text: str, laterality: Laterality, pixel_mm: float
) -> None:
    """Write the view's name and a lead frame into the air, on the side away from the chest wall."""
    height = round(rng.uniform(6.0, 9.0) / pixel_mm)
    font = ImageFont.load_default(size=height)
    left, top, right, bottom = font.getbbox(text)
    pad = height // 2
    size = (int(right - left) + 2 * pad, int(bottom - top) + 2 * pad)
    canvas = PillowImage.new("L", size, 0)
    pen = ImageDraw.Draw(canvas)
    pen.text((pad - left, pad - top), text, fill=255, font=font)
    pen.rectangle((1, 1, size[0] - 2, size[1] - 2), outline=200, width=max(1, height // 16))
    row = round(rng.uniform(6.0, 40.0) / pixel_mm)
    margin = round(rng.uniform(3.0, 10.0) / pixel_mm)
    column = pixels.shape[1] - size[0] - margin if laterality == "L" else margin
    drawn = (np.asarray(canvas, np.float32) * (WHITE / 255.0)).astype(np.uint16)
    window = pixels[row : row + size[1], column : column + size[0]]
    np.maximum(window, drawn[: window.shape[0], : window.shape[1]], out=window)
