"""A volume that grows while its slices arrive, in any order, into one array.

Every image is decoded when it comes and its pixels are let go. It is written to the slot where its number
says that it will belong; a guess that turns out wrong costs a move at the end, never a wrong volume: what
the volume is, is decided from the planes of all images, when it is asked for.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from imaging.errors import DicomError, GeometryError, ImageTooLarge
from imaging.frames import Frame, frames_of
from imaging.hounsfield import hounsfield
from imaging.image_plane import SAME_PLACE_MM, SPACING_TOLERANCE, ImagePlane, SliceStack, stack_slices
from imaging.reasons import reason
from imaging.volume import Volume, fill_gaps, stack_affine

MAX_VOLUME_BYTES = 3 << 30
MAX_MISSING_SHARE = 0.25  # of the places between the first and the last slice
FEWEST_SLOTS = 16
GROWTH = 1.25
Kind = type[np.int16] | type[np.float32]


@dataclass(frozen=True, slots=True)
class Slab:
    """Neighbouring slices that are all there, by their places along the series' normal.

    Attributes:
        first_mm, last_mm: ImagePlane.offset_mm of the outermost slices.
        slices: how many.
    """

    first_mm: float
    last_mm: float
    slices: int


@dataclass(slots=True, eq=False)
class _Image:
    frame: Frame
    series: tuple[str, str]  # Study and Series Instance UID
    is_float: bool = False
    error: DicomError | None = None  # told only if the volume needs this image
    slot: int | None = None  # None: not decodable, or another image shows its place

    @property
    def plane(self) -> ImagePlane:
        return self.frame.plane


class VolumeBuilder:
    """Takes images, from several threads if need be, and gives the volume they make.

    The volume is the same for every order in which the same images came. It may be asked for more than once,
    and more images may come after it was: who has it keeps it unchanged.
    """

    def __init__(self, expected: int | None = None) -> None:
        """Expect so many images; the number may be wrong."""
        self._expected = expected
        self._lock = threading.Lock()
        self._images: dict[tuple[str, int], _Image] = {}
        self._places: dict[tuple[object, ...], _Image] = {}
        self._banks: dict[tuple[int, int], _Bank] = {}
        self._misfits: list[DicomError] = []
        self._refusal: DicomError | None = None
        self._kind: Kind = np.int16

    def __len__(self) -> int:
        """How many different images with a plane have come."""
        return len(self._images)

    def add(self, ds: Dataset) -> None:
        """Take the images of an object; one that came before does nothing.

        Two objects with one SOP Instance UID are the same object. What is wrong with an image is told by
        `volume`, and only where the volume needs it.

        Args:
            ds: with its pixels, which may be thrown away afterwards.
        """
        try:
            frames = frames_of(ds)
        except DicomError as error:
            with self._lock:
                if error.reason.code == "several-stacks":
                    self._refusal = error
                self._misfits.append(error)
            return
        series = (str(ds.get("StudyInstanceUID", "")), str(ds.get("SeriesInstanceUID", "")))
        for frame in frames:
            self._add(ds, _Image(frame, series))

    def _add(self, ds: Dataset, image: _Image) -> None:
        with self._lock:
            if image.plane.image in self._images or self._refusal is not None:
                return
            wanted = self._shows_its_place(image)
        values = None
        if wanted:
            try:
                values = hounsfield(ds, image.frame)  # the work: other threads go on meanwhile
            except DicomError as error:
                image.error = error
        with self._lock:
            if image.plane.image in self._images or self._refusal is not None:
                return
            self._images[image.plane.image] = image
            if not self._shows_its_place(image):
                return
            bank = self._bank(image.plane)
            before = self._places.get(_place(image.plane))
            if before is not None and before.slot is not None:
                bank.release(before)
            self._places[_place(image.plane)] = image
            if values is None:
                return
            image.is_float = values.dtype == np.float32
            if image.is_float and self._kind is np.int16:
                self._kind = np.float32
                for each in self._banks.values():
                    each.convert(np.float32)
            bank.put(image, values)
            held = sum(bank.bytes_used for bank in self._banks.values())
            if held > MAX_VOLUME_BYTES:
                self._refusal = ImageTooLarge(reason("image-too-large", claimed_mib=held >> 20))
                self._banks.clear()

    def _shows_its_place(self, image: _Image) -> bool:
        """Whether no image acquired before it lies in exactly its plane: of those only the first counts."""
        holder = self._places.get(_place(image.plane))
        return holder is None or image.frame.acquired < holder.frame.acquired

    def _bank(self, plane: ImagePlane) -> "_Bank":
        shape = (plane.rows, plane.columns)
        if shape not in self._banks:
            self._banks[shape] = _Bank(shape, self._expected or 0, self._kind)
        return self._banks[shape]

    def slabs(self) -> list[Slab]:
        """Return the runs of two or more neighbouring slices that have come, from one end to the other.

        Neighbours are as far apart as the nearest two, or as the header says, whichever is less: of a series
        whose every tenth slice came first, nothing is complete until the slices between have come.
        """
        with self._lock:
            images = list(self._images.values())
        if not images:
            return []
        commonest, _ = Counter(image.plane.shape_key for image in images).most_common(1)[0]
        fitting = [image for image in images if image.plane.shape_key == commonest]
        offsets = sorted(image.plane.offset_mm for image in fitting)
        kept = offsets[:1] + [b for a, b in pairwise(offsets) if b - a >= SAME_PLACE_MM]
        steps = [b - a for a, b in pairwise(kept)]
        steps += [image.frame.nominal_step_mm for image in fitting if image.frame.nominal_step_mm]
        if len(kept) < 2:
            return []
        furthest = min(steps) * (1 + SPACING_TOLERANCE)
        runs: list[list[float]] = [kept[:1]]
        for below, above in pairwise(kept):
            if above - below <= furthest:
                runs[-1].append(above)
            else:
                runs.append([above])
        return [Slab(run[0], run[-1], len(run)) for run in runs if len(run) > 1]

    def slab(self, first_mm: float, last_mm: float) -> Volume:
        """Return the slices from one place along the normal to another as a volume of its own, a copy.

        Raises:
            As `volume`.
        """
        low, high = first_mm - SAME_PLACE_MM, last_mm + SAME_PLACE_MM
        with self._lock:
            chosen = [i for i in self._images.values() if low <= i.plane.offset_mm <= high]
            stack, kept = self._stacked(chosen)
            bank = self._bank(stack.planes[0])
            kind = np.float32 if any(image.is_float for image in kept) else np.int16
            voxels = np.empty((stack.places, *bank.shape), kind)
            for place, image in zip(stack.grid, kept, strict=True):
                voxels[place] = bank.voxels[image.slot]
        return _volume(stack, kept, voxels)

    def volume(self) -> Volume:
        """Return the volume that the images make that have come.

        Images that show a place a second time, and those that do not fit the rest in size or direction or
        have no plane, are left out; places without a slice are interpolated.

        Raises:
            GeometryError: no volume can be made; IrregularSpacing where the gaps are the cause.
            ImageTooLarge: it would take more than MAX_VOLUME_BYTES.
            UndecodablePixels, NoPixels: the pixels of a slice it needs cannot be read.
        """
        with self._lock:
            stack, kept = self._stacked(list(self._images.values()))
            bank = self._bank(stack.planes[0])
            size = stack.places * bank.slice_bytes
            if size > MAX_VOLUME_BYTES:
                raise ImageTooLarge(reason("image-too-large", claimed_mib=size >> 20))
            voxels = bank.arrange(kept, stack.grid, stack.places)
            if self._kind is np.float32 and not any(image.is_float for image in kept):
                voxels = voxels.astype(np.int16)
            return _volume(stack, kept, voxels)

    def _stacked(self, images: Sequence[_Image]) -> tuple[SliceStack, list[_Image]]:
        if self._refusal is not None:
            raise self._refusal
        if not images and self._misfits:
            raise min(self._misfits, key=str)
        ordered = sorted(images, key=lambda image: image.frame.acquired)
        stack = stack_slices([image.plane for image in ordered])
        if stack.missing > MAX_MISSING_SHARE * stack.places:
            raise GeometryError(reason("too-many-missing", missing=stack.missing))
        kept = [self._images[plane.image] for plane in stack.planes]
        for image in kept:
            if image.error is not None:
                raise image.error
        return stack, kept


class _Bank:
    """Slices of one size in one array; memory that no slice was written to costs none."""

    def __init__(self, shape: tuple[int, int], expected: int, kind: Kind) -> None:
        self.shape = shape
        self._expected = expected
        slots = max(FEWEST_SLOTS, min(expected, MAX_VOLUME_BYTES // (2 * shape[0] * shape[1])))
        self.voxels: NDArray[Any] = np.empty((slots, *shape), kind)
        self._holders: list[_Image | None] = [None] * slots
        self._used = 0
        self._next = 0
        self._descends = False
        self._first: _Image | None = None
        self._is_handed_out = False

    @property
    def slice_bytes(self) -> int:
        return int(self.shape[0] * self.shape[1] * self.voxels.dtype.itemsize)

    @property
    def bytes_used(self) -> int:
        return self._used * self.slice_bytes

    def put(self, image: _Image, values: NDArray[Any]) -> None:
        if self._is_handed_out:
            self.voxels = self.voxels.copy()
            self._is_handed_out = False
        slot = self._guess(image)
        if slot is None:
            if self._used == len(self._holders):
                self._grow(self._used + 1)
            slot = next(n for n in self._from_next() if self._holders[n] is None)
            self._next = slot + 1
        self.voxels[slot] = values
        self._holders[slot] = image
        self._used += 1
        image.slot = slot

    def release(self, image: _Image) -> None:
        if image.slot is not None:
            self._holders[image.slot] = None
            self._used -= 1
            image.slot = None

    def convert(self, kind: Kind) -> None:
        converted = np.empty(self.voxels.shape, kind)
        for slot in self._held():
            converted[slot] = self.voxels[slot]
        self.voxels = converted
        self._is_handed_out = False

    def arrange(self, kept: Sequence[_Image], grid: Sequence[int], places: int) -> NDArray[Any]:
        """(place, row, column): each kept image in its place, the gaps not yet filled; a view."""
        if places > len(self._holders):
            self._grow(places)
        elif self._is_handed_out and [image.slot for image in kept] != list(grid):
            self.voxels = self.voxels.copy()
        for place, image in zip(grid, kept, strict=True):
            slot, other = image.slot, self._holders[place]
            if slot == place or slot is None:
                continue
            if other is not None:
                moved = self.voxels[place].copy()
                self.voxels[place] = self.voxels[slot]
                self.voxels[slot] = moved
                other.slot = slot
            else:
                self.voxels[place] = self.voxels[slot]
            self._holders[slot], self._holders[place] = other, image
            image.slot = place
        for place in set(range(places)) - set(grid):  # a gap to fill: whoever is there makes room
            other = self._holders[place]
            if other is not None:
                self._move_behind(other, places)
        self._is_handed_out = True
        return self.voxels[:places]

    def _move_behind(self, image: _Image, places: int) -> None:
        free = next((n for n in range(places, len(self._holders)) if self._holders[n] is None), None)
        if free is None:
            free = len(self._holders)
            self._grow(free + 1)
        old = image.slot
        if old is not None:
            self.voxels[free] = self.voxels[old]
            self._holders[old], self._holders[free] = None, image
            image.slot = free

    def _guess(self, image: _Image) -> int | None:
        """The slot where the image will belong, if its number tells and nobody is there."""
        number = _number(image)
        if self._first is None:
            self._first = image
        elif number != _number(self._first):
            rises = image.plane.offset_mm > self._first.plane.offset_mm
            self._descends = rises != (number > _number(self._first))
        slot = self._expected - number if self._descends else number - 1
        return slot if 0 <= slot < len(self._holders) and self._holders[slot] is None else None

    def _grow(self, needed: int) -> None:
        slots = max(needed, int(len(self._holders) * GROWTH))
        grown = np.empty((slots, *self.shape), self.voxels.dtype)
        for slot in self._held():
            grown[slot] = self.voxels[slot]
        self.voxels = grown
        self._holders += [None] * (slots - len(self._holders))
        self._is_handed_out = False

    def _held(self) -> Iterator[int]:
        return (slot for slot, holder in enumerate(self._holders) if holder is not None)

    def _from_next(self) -> Iterator[int]:
        yield from range(self._next, len(self._holders))
        yield from range(self._next)


def build_volume(datasets: Sequence[Dataset]) -> Volume:
    """Return the volume that the images of one series make, in whatever order they are given.

    Args:
        datasets: with their pixels.

    Raises:
        As `VolumeBuilder.volume`.
    """
    builder = VolumeBuilder(len(datasets))
    for ds in datasets:
        builder.add(ds)
    return builder.volume()


def _volume(stack: SliceStack, kept: Sequence[_Image], voxels: NDArray[Any]) -> Volume:
    first = stack.planes[0]
    interpolated = fill_gaps(voxels, stack.grid)
    grid = np.array(stack.grid)
    nearest = [stack.planes[int(np.abs(grid - place).argmin())] for place in range(stack.places)]
    study_instance_uid, series_instance_uid = kept[0].series
    return Volume(
        voxels_hu=voxels,
        affine_lps=stack_affine(stack),
        spacing_mm=(stack.spacing_mm, first.row_gap_mm, first.column_gap_mm),
        sop_instance_uids=tuple(plane.sop_instance_uid for plane in nearest),
        series_instance_uid=series_instance_uid,
        study_instance_uid=study_instance_uid,
        interpolated_slices=interpolated,
        frame_numbers=tuple(plane.frame_number for plane in nearest),
    )


def _place(plane: ImagePlane) -> tuple[object, ...]:
    return (
        plane.position,
        plane.along_row,
        plane.down_column,
        plane.row_gap_mm,
        plane.column_gap_mm,
        plane.rows,
        plane.columns,
    )


def _number(image: _Image) -> int:
    _, instance_number, _, index = image.frame.acquired
    return instance_number if image.frame.index is None else index + 1
