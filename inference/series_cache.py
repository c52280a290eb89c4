"""The series that a worker has at hand: what was fetched for one slab is there for the next one."""

from collections import OrderedDict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from imaging.series_stream import Files, SeriesStream

MOST_SERIES: Final = 2  # a chest of 300 slices takes 160 MB, the largest volume we read 3 GiB


class SeriesCache:
    """Keeps the last MOST_SERIES series. For one thread: a worker does one job at a time."""

    def __init__(self, pacs: Files) -> None:
        self._pacs = pacs
        self._streams: OrderedDict[tuple[str, str], SeriesStream] = OrderedDict()

    @contextmanager
    def holding(
        self, study_instance_uid: str, series_instance_uid: str, orthanc_ids: Collection[str]
    ) -> Iterator[SeriesStream]:
        """Give the series with these instances, and perhaps others that were asked for before, all read.

        It is kept afterwards, unless something went wrong with it.

        Raises:
            PacsUnavailable: the archive did not give an instance.
        """
        key = (study_instance_uid, series_instance_uid)
        stream = self._streams.pop(key, None) or SeriesStream(self._pacs, expected=len(orthanc_ids))
        try:
            stream.offer(orthanc_ids)
            stream.settle()
            yield stream
        except BaseException:
            stream.close()
            raise
        self._streams[key] = stream
        while len(self._streams) > MOST_SERIES:
            _, oldest = self._streams.popitem(last=False)
            oldest.close()

    def drop(self, study_instance_uid: str, series_instance_uid: str) -> None:
        """Let go of a series; one that is not there is no error."""
        stream = self._streams.pop((study_instance_uid, series_instance_uid), None)
        if stream is not None:
            stream.close()

    def keep_only(
        self, study_instance_uid: str, series_instance_uid: str, orthanc_ids: Collection[str]
    ) -> None:
        """Let go of the series if it has an instance that is none of these: it was deleted meanwhile."""
        stream = self._streams.get((study_instance_uid, series_instance_uid))
        if stream is not None and not stream.offered <= frozenset(orthanc_ids):
            self.drop(study_instance_uid, series_instance_uid)
