"""A series read from the archive while it is still coming in: fetched and decoded as its instances arrive.

    with SeriesStream(pacs, expected=400) as stream:
        stream.follow(lambda: pacs.series_instances(study, series), lambda: stream.placed >= 400)
        volume = stream.volume()

Who learns of arrivals in another way, as from the change feed, hands them to `offer`. Who wants to work on
parts before the end waits with `wait_for_more` and asks `slabs` and `slab`.

Threads overlap the archive's answers with decoding; decoding itself keeps Python's lock
(imaging/decoding.py), so more of them than fetches in flight bring nothing.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Final, Protocol

from pydicom import Dataset

from imaging.decoding import PIXEL_KEYWORDS
from imaging.errors import DicomError, InstanceNotFound, PacsError, PacsUnavailable
from imaging.header_values import whole_number
from imaging.parsing import parse_dicom
from imaging.part10 import dataset_of
from imaging.reasons import Reason
from imaging.volume import Volume
from imaging.volume_builder import Slab, VolumeBuilder

THREADS: Final = 3
ATTEMPTS: Final = 4
RETRY_AFTER_S: Final = 0.25  # doubled with every attempt
LOOK_EVERY_S: Final = 0.05


class Files(Protocol):
    """The part of PacsClient that is used here."""

    def file_of(self, orthanc_id: str) -> bytes:
        """Return a file as it was stored, by the archive's own identifier."""
        ...


class SeriesStream:
    """Fetches what is offered in threads of its own and keeps headers and the growing volume.

    What it holds is one file for each thread, the headers and the volume's array. Close it, or use `with`.
    """

    def __init__(self, pacs: Files, *, expected: int | None = None, threads: int = THREADS) -> None:
        """Expect so many instances; the number may be wrong."""
        self._pacs = pacs
        self._builder = VolumeBuilder(expected)
        self._changed = threading.Condition()
        self._offered: set[str] = set()
        self._waiting: deque[str] = deque()
        self._settled = 0
        self._headers: list[Dataset] = []
        self._refused: dict[str, Reason] = {}
        self._failure: PacsError | None = None
        self._bug: Exception | None = None
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"series-stream-{n}", daemon=True)
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def offer(self, orthanc_ids: Iterable[str]) -> int:
        """Fetch these instances unless they were offered before; return how many are new."""
        with self._changed:
            new = [each for each in orthanc_ids if each not in self._offered]
            self._offered.update(new)
            self._waiting.extend(new)
            self._changed.notify_all()
        return len(new)

    def follow(
        self,
        look: Callable[[], Iterable[str]],
        complete: Callable[[], bool],
        *,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """Offer what `look` says has arrived, again and again, until `complete` says that this is all.

        Args:
            look: the archive's identifiers of what has arrived, all or those that are new. It may raise
                InstanceNotFound for a series that has not begun, and PacsUnavailable.
            complete: asked when something was read, and with each look; `placed` and a time limit of the
                caller's are what it may go by.
        """
        while not self._is_over:
            # Nothing yet, or nothing at this moment: whether to go on is the caller's decision.
            with suppress(InstanceNotFound, PacsUnavailable):
                self.offer(look())
            look_again_at = time.monotonic() + look_every_s
            while not self._is_over and (left_s := look_again_at - time.monotonic()) > 0:
                if complete():
                    return
                with self._changed:
                    self._changed.wait(left_s)

    @property
    def placed(self) -> int:
        """How many instances have been read, those included that are no images we read."""
        with self._changed:
            return self._settled

    def wait_for_more(self, seen: int, timeout_s: float) -> int:
        """Return `placed` once it is more than `seen`, or after the time."""
        with self._changed:
            self._changed.wait_for(lambda: self._settled > seen or self._is_over, timeout_s)
            return self._settled

    def slabs(self) -> list[Slab]:
        """Return the runs of neighbouring slices that are there, see VolumeBuilder.slabs."""
        return self._builder.slabs()

    def slab(self, first_mm: float, last_mm: float) -> Volume:
        """Return a part of what has come as a volume of its own, see VolumeBuilder.slab."""
        return self._builder.slab(first_mm, last_mm)

    def headers(self) -> list[Dataset]:
        """Return the headers of what has been read, without pixels, by instance number.

        They are pydicom's, read when they are asked: odd values may raise, unlike those of `parse_dicom`.
        """
        with self._changed:
            found = list(self._headers)
        return sorted(found, key=lambda ds: (whole_number(ds.get("InstanceNumber")) or 0, ds.SOPInstanceUID))

    def refused(self) -> dict[str, Reason]:
        """Return which instances are no images we read, and why, by the archive's identifier."""
        with self._changed:
            return dict(self._refused)

    def volume(self) -> Volume:
        """Wait until everything offered is read, and return the volume it makes.

        Raises:
            PacsUnavailable: the archive did not give an instance, though asked several times.
            GeometryError, ImageTooLarge, UndecodablePixels, NoPixels: as VolumeBuilder.volume.
        """
        self.settle()
        return self._builder.volume()

    @property
    def offered(self) -> frozenset[str]:
        """What was offered so far, by the archive's identifiers."""
        with self._changed:
            return frozenset(self._offered)

    def settle(self) -> None:
        """Wait until everything offered is read.

        Raises:
            PacsUnavailable: the archive did not give an instance, though asked several times.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._settled == len(self._offered) or self._is_over)
            if self._bug is not None:
                raise self._bug
            if self._failure is not None:
                raise self._failure
            if self._settled < len(self._offered):
                raise PacsUnavailable("the series was closed before it was read")

    def close(self) -> None:
        """End the threads, each after the file it is at; calling it again does no harm."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> "SeriesStream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _is_over(self) -> bool:
        return self._is_closed or self._failure is not None or self._bug is not None

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or self._is_over)
                if self._is_over:
                    return
                orthanc_id = self._waiting.popleft()
            refused = None
            header = None
            try:
                header = self._read(orthanc_id)
            except DicomError as error:
                refused = error.reason
            except InstanceNotFound:
                pass  # deleted since: it is no part of the series any more
            except PacsError as error:
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                return
            except Exception as error:  # a bug of ours: whoever asks for the volume shall see it
                with self._changed:
                    self._bug = error
                    self._changed.notify_all()
                return
            with self._changed:
                self._settled += 1
                if header is not None:
                    self._headers.append(header)
                if refused is not None:
                    self._refused[orthanc_id] = refused
                self._changed.notify_all()

    def _read(self, orthanc_id: str) -> Dataset:
        content = self._fetched(orthanc_id)
        try:  # parsing every element takes three times as long, and few are needed
            ds = dataset_of(content)
            self._builder.add(ds)
        except Exception:  # whatever odd bytes raise: the careful way reads them, or says why not
            ds = parse_dicom(content)
            self._builder.add(ds)
        for keyword in PIXEL_KEYWORDS:
            if keyword in ds:
                del ds[keyword]
        return ds

    def _fetched(self, orthanc_id: str) -> bytes:
        for attempt in range(ATTEMPTS):
            try:
                return self._pacs.file_of(orthanc_id)
            except PacsUnavailable:
                if attempt == ATTEMPTS - 1 or self._is_closed:
                    raise
                time.sleep(RETRY_AFTER_S * 2**attempt)
        raise AssertionError("the last attempt returns or raises")
