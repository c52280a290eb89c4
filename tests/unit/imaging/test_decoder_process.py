"""Decoders are processes of their own: they end alone, with whoever started them, and never late."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.uid import JPEGLSLossless

from imaging import decoder_process
from imaging.decoding import stored_pixels
from imaging.errors import UndecodablePixels
from tests.dicom_builders import a_ct_slice, with_pixels

NOISE = np.random.default_rng(7).integers(0, 4096, (40, 50), np.uint16)
PATIENCE_S = 30.0


def a_compressed_slice() -> Dataset:
    ds = with_pixels(a_ct_slice(), NOISE)
    ds.compress(JPEGLSLossless, generate_instance_uid=False)
    return ds


def test_many_threads_share_the_decoders() -> None:
    ds = a_compressed_slice()

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: stored_pixels(ds), range(40)))

    assert all(np.array_equal(result, NOISE) for result in results)


def test_a_frame_that_takes_too_long_is_given_up_and_the_next_one_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ds = a_compressed_slice()
    monkeypatch.setattr(decoder_process, "TIME_LIMIT_S", 0.0)
    with pytest.raises(UndecodablePixels, match="DecoderEnded"):
        for _ in range(100):  # the clock may lose the race once
            stored_pixels(ds)
    monkeypatch.undo()

    assert np.array_equal(stored_pixels(ds), NOISE)


def test_a_forked_process_has_decoders_of_its_own() -> None:
    ds = a_compressed_slice()
    stored_pixels(ds)

    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(stored_pixels(ds), NOISE) else 1)
    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0
    assert np.array_equal(stored_pixels(ds), NOISE)


PARENT = """
import time
from tests.unit.imaging.test_decoder_process import a_compressed_slice
from imaging import decoder_process
from imaging.decoding import stored_pixels

stored_pixels(a_compressed_slice())
print(decoder_process._decoders._idle[0]._process.pid, flush=True)
time.sleep(600)
"""


def test_a_decoder_ends_with_a_parent_that_was_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PARENT],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert parent.stdout is not None
    decoder = int(parent.stdout.readline())
    os.kill(decoder, 0)

    parent.kill()
    parent.wait()
    parent.stdout.close()

    give_up_at = time.monotonic() + PATIENCE_S
    while Path(f"/proc/{decoder}/cmdline").exists() and Path(f"/proc/{decoder}/cmdline").read_bytes():
        assert time.monotonic() < give_up_at, "the decoder outlives its parent"
        time.sleep(0.02)  # between two looks at the condition
