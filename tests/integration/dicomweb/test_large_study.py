"""400 slices: memory stays flat, a client that leaves stops the work, an archive that dies shows."""

import json
import os
import signal
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.dicom_builders import a_series_of_its_own, as_bytes, with_pixels
from tests.installation_server import Client, Installation, wait_until

pytestmark = pytest.mark.timeout(600)
SLICES = 400
MIB = 1 << 20
BOUNDARY = "the-boundary"


@pytest.fixture(scope="module")
def client(installation_without_models: Installation) -> Client:
    return installation_without_models.sign_in("clinician")


@pytest.fixture(scope="module")
def study(client: Client) -> str:
    """A CT of 400 slices of 512 x 512, stored by STOW-RS in requests of 100."""
    random = np.random.default_rng(3)
    slices = a_series_of_its_own(SLICES, patient_id="T-LARGE")
    noise = random.integers(0, 4096, (512, 512)).astype(np.uint16)
    for start in range(0, SLICES, 100):
        body = BytesIO()
        for number, ds in enumerate(slices[start : start + 100]):
            body.write(f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode())
            body.write(as_bytes(with_pixels(ds, np.roll(noise, start + number))) + b"\r\n")
        body.write(f"--{BOUNDARY}--\r\n".encode())
        answer = client.http.post(
            "/dicom-web/studies",
            content=body.getvalue(),
            headers={"Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'},
        )
        assert answer.status_code == 200, answer.text[:500]
    return str(slices[0].StudyInstanceUID)


def process(installation: Installation, word: str) -> int:
    """The one process of the installation whose command line holds the word."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            whose = command + (folder / "environ").read_bytes().decode(errors="replace")
            if word in command and str(installation.data) in whose and int(folder.name) != os.getpid():
                return int(folder.name)
    raise AssertionError(f"no process {word}")


def memory_bytes(process_id: int) -> int:
    return int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def growth_of(process_id: int) -> Iterator[list[int]]:
    """How much more memory a process has at most within the block than before it, in bytes."""
    before, growth, done = memory_bytes(process_id), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            growth[0] = max(growth[0], memory_bytes(process_id) - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield growth
    finally:
        done.set()
        watcher.join()


def paths(study: str) -> list[str]:
    return [f"/api/studies/{study}/archive.zip", f"/dicom-web/studies/{study}"]


def test_an_export_leaves_the_memory_of_the_app_as_it_was(
    installation_without_models: Installation, client: Client, study: str
) -> None:
    app = process(installation_without_models, "uvicorn")
    whole = client.http.get(paths(study)[0]).content
    assert len(zipfile.ZipFile(BytesIO(whole)).namelist()) == SLICES

    def fetch(path: str) -> None:
        with client.http.stream("GET", path) as answer:
            size = sum(len(chunk) for chunk in answer.iter_raw(MIB))
        assert size > SLICES * 512 * 512 * 2

    with growth_of(app) as growth:
        for path in paths(study):
            fetch(path)
        both = [threading.Thread(target=fetch, args=(path,)) for path in paths(study)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    assert growth[0] < 30 * MIB, f"{growth[0] / MIB:.0f} MiB"


@pytest.mark.parametrize("which", [0, 1])
def test_a_client_that_leaves_stops_what_is_fetched_for_it(
    installation_without_models: Installation, client: Client, study: str, which: int
) -> None:
    archive = Path(f"/proc/{process(installation_without_models, 'Orthanc')}/io")

    def read_bytes() -> int:
        return int(archive.read_text().split()[1])

    before = read_bytes()
    with client.http.stream("GET", paths(study)[which]) as answer:
        next(answer.iter_raw(64 << 10))
    seen = [before]

    def is_quiet() -> bool:
        seen.append(read_bytes())
        return seen[-1] - seen[-2] < 256 << 10

    wait_until(is_quiet, "nothing is fetched any more", 20)
    assert read_bytes() - before < SLICES * 512 * 512 * 2 / 4


@pytest.mark.parametrize("which", [0, 1])
def test_an_archive_that_dies_in_the_middle_breaks_the_answer_off(
    installation_without_models: Installation, client: Client, study: str, which: int
) -> None:
    got = bytearray()
    with (
        pytest.raises(httpx.RemoteProtocolError),
        client.http.stream("GET", paths(study)[which]) as answer,
    ):
        assert answer.status_code == 200
        for chunk in answer.iter_raw(64 << 10):
            if not got:
                os.kill(process(installation_without_models, "Orthanc"), signal.SIGKILL)
            got += chunk
    assert got and len(got) < SLICES * 512 * 512 * 2
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(BytesIO(got))
    assert not got.rstrip().endswith(b"--")
    search = f"/dicom-web/studies/{study}/instances?limit=1"
    wait_until(lambda: client.http.get(search).status_code == 200, "the archive is there again", 60)


def test_while_the_archive_is_away_the_answer_says_so_in_both_languages(
    installation_without_models: Installation, client: Client, study: str
) -> None:
    series = client.get(f"/api/studies/{study}")["series"][0]
    instance = series["instances"][0]["sop_instance_uid"]
    one = f"/dicom-web/studies/{study}/series/{series['series_instance_uid']}/instances/{instance}"
    addresses = [
        *paths(study), f"/api/studies/{study}/instances/{instance}/file", one, f"{one}/frames/1",
        f"/dicom-web/studies/{study}/metadata",
    ]  # fmt: skip

    for address in addresses:
        # The supervisor starts it again soon: killed until an answer fell into its absence.
        def is_refused(address: str = address) -> httpx.Response | None:
            with suppress(AssertionError, ProcessLookupError):
                os.kill(process(installation_without_models, "Orthanc"), signal.SIGKILL)
            with client.http.stream("GET", address) as answer:
                return answer if answer.status_code == 503 and answer.read() else None

        answer = wait_until(is_refused, f"{address} says that the archive is away", 60)
        said = json.loads(answer.content)["sentence"]
        assert said["en"] and said["zh"] and int(answer.headers["retry-after"]) > 0
