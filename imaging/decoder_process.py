"""Compressed frames are decoded in processes of their own: a damaged stream that ends one ends nothing else.

GDCM is ended by about one in a hundred damaged JPEG streams (SIGABRT, SIGSEGV), and no decoder lets go of
Python's lock: so the caller's threads wait here for up to PROCESSES decoders that work side by side.
A decoder is started when it is first needed, has a limit on memory and time, and ends with whoever started
it. It runs this module; frames and pixels go through its pipes, each after a line of JSON that describes it.
"""

import atexit
import json
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.utils import pixel_array

PROCESSES: Final = max(1, min(4, os.cpu_count() or 1))
TIME_LIMIT_S: Final = 20.0
MEMORY_LIMIT_BYTES: Final = 6 << 30
# What a decoder has to know of an image.
DESCRIPTION: Final = (
    "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
)  # fmt: skip


class DecoderEnded(RuntimeError):
    """The decoder died over a frame or took too long."""


class DecoderRefused(ValueError):
    """The decoder says that it cannot decode the frame."""


class _Decoder:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "imaging.decoder_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what a library says about a frame may quote it
            cwd=Path(__file__).resolve().parents[1],
        )

    def decode(self, description: dict[str, Any], frame: bytes) -> NDArray[Any]:
        watchdog = threading.Timer(TIME_LIMIT_S, self._process.kill)
        watchdog.daemon = True
        watchdog.start()
        try:
            assert self._process.stdin is not None and self._process.stdout is not None
            _write(self._process.stdin, description, frame)
            answer, pixels = _read(self._process.stdout)
        except (OSError, EOFError, ValueError) as error:
            raise DecoderEnded("the decoder died over this frame") from error
        finally:
            watchdog.cancel()
        if "error" in answer:
            raise DecoderRefused(str(answer["error"]))
        values: NDArray[Any] = np.frombuffer(pixels, answer["dtype"]).reshape(answer["shape"])
        return values

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue


class _Decoders:
    """Those that wait for work, and how many there are."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._idle: list[_Decoder] = []
        self._running = 0

    def decode(self, description: dict[str, Any], frame: bytes) -> NDArray[Any]:
        with self._changed:
            self._changed.wait_for(lambda: self._idle or self._running < PROCESSES)
            decoder = self._idle.pop() if self._idle else None
            if decoder is None:
                self._running += 1
        try:
            if decoder is None:
                decoder = _Decoder()
            values = decoder.decode(description, frame)
        except DecoderRefused:
            self._give_back(decoder)
            raise
        except BaseException:
            if decoder is not None:
                decoder.close()
            with self._changed:
                self._running -= 1
                self._changed.notify()
            raise
        self._give_back(decoder)
        return values

    def _give_back(self, decoder: _Decoder | None) -> None:
        with self._changed:
            if decoder is not None:
                self._idle.append(decoder)
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            idle, self._idle = self._idle, []
            self._running -= len(idle)
        for decoder in idle:
            decoder.close()


_decoders = _Decoders()


def _forget() -> None:
    """After a fork the decoders are the parent's: the child gets its own."""
    global _decoders
    _decoders = _Decoders()


os.register_at_fork(after_in_child=_forget)
atexit.register(lambda: _decoders.close())


def decode_frame(ds: Dataset, frame: bytes, plugin: str) -> NDArray[Any]:
    """Return the stored values of one compressed frame, as pydicom's plugin of that name decodes it.

    Args:
        ds: whose frame it is: size, bits, colour and transfer syntax are taken from it.
        frame: its code stream.

    Returns:
        (row, column), with a trailing sample axis for colour, as RGB; it cannot be written to.

    Raises:
        DecoderRefused, DecoderEnded.
    """
    description: dict[str, Any] = {
        keyword: ds[keyword].value
        for keyword in DESCRIPTION
        if keyword in ds and ds[keyword].value is not None
    }
    description |= {"syntax": str(ds.file_meta.TransferSyntaxUID), "plugin": plugin}
    return _decoders.decode(description, frame)


def _write(pipe: IO[bytes], description: dict[str, Any], content: bytes) -> None:
    pipe.write(json.dumps(description | {"bytes": len(content)}).encode() + b"\n")
    pipe.write(content)
    pipe.flush()


def _read(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    line = pipe.readline()
    if not line:
        raise EOFError
    description: dict[str, Any] = json.loads(line)
    content = pipe.read(description["bytes"])
    if len(content) < description["bytes"]:
        raise EOFError
    return description, content


def _decoded(description: dict[str, Any], frame: bytes) -> NDArray[Any]:
    plugin = description.pop("plugin")
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = description.pop("syntax")
    for keyword in DESCRIPTION:
        if keyword in description:
            setattr(ds, keyword, description[keyword])
    ds.NumberOfFrames = 1
    ds.PixelData = encapsulate([frame])
    return pixel_array(ds, decoding_plugin=plugin)


def _serve() -> None:
    """Decode what comes until nobody is there to send."""
    from imaging import extended_jpeg

    assert extended_jpeg.PLUGIN  # imported for what it registers
    _, given = resource.getrlimit(resource.RLIMIT_AS)
    memory = MEMORY_LIMIT_BYTES if given == resource.RLIM_INFINITY else min(given, MEMORY_LIMIT_BYTES)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get among the answers
    while True:
        try:
            description, frame = _read(requests)
        except EOFError:
            return
        try:
            values = np.ascontiguousarray(_decoded(description, frame))
        except Exception as error:
            _write(answers, {"error": type(error).__name__}, b"")
        else:
            _write(answers, {"dtype": values.dtype.str, "shape": values.shape}, values.tobytes())


if __name__ == "__main__":
    _serve()
