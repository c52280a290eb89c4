"""HTTP whose answers are marked for the network: images and bulk go behind calls, pages as they are."""

import re
from asyncio import Transport
from typing import ClassVar

from imaging.traffic_mark import DataMarks, mark
from teleconsult.bounded_http import BoundedHttp

IMAGES = re.compile(r"/dicom-web/|/api/findings/.+/evidence/|/api/.+/(file|(picture|thumbnail)(\.jpg)?)$")
BULK = re.compile(r"/api/(uploads/|studies/.+/(archive\.zip|deidentified)$|consults/.+/recordings/.+/parts/)")


class MarkedHttp(BoundedHttp):
    """Of an upload it is our acknowledgements that carry the mark: what a browser sends is for it to mark."""

    marks: ClassVar[DataMarks] = DataMarks()

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._mark = 0

    def on_headers_complete(self) -> None:
        super().on_headers_complete()  # only makes the task that will answer
        if "path" not in self.scope:
            return  # it becomes a WebSocket, whose own protocol reads the address
        wanted = self.mark_of(self.scope["path"])
        if wanted != self._mark and (connection := self.transport.get_extra_info("socket")) is not None:
            mark(connection, wanted)
            self._mark = wanted

    @classmethod
    def mark_of(cls, path: str) -> int:
        if BULK.match(path):
            return cls.marks.bulk
        return cls.marks.images if IMAGES.match(path) else 0
