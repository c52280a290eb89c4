"""What is missing, broken or in the way, said in plain sentences.

Standard library only, so it also runs without .venv:

`python3 -m teleconsult.doctor --data FOLDER --port N`
"""

import argparse
import asyncio
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from teleconsult.diagnosis import (
    Diagnosis,
    Language,
    Severity,
    fine,
    notice,
    sentence,
    stops,
    terminal_language,
)
from teleconsult.installation import SECRETS, Installation, dicom_port, existing_installation
from teleconsult.instance_lock import Holder, current_holder, last_holder
from teleconsult.ports import is_free, listener_of
from teleconsult.readiness import http_answers, redis_answers, turn_answers
from teleconsult.relays import (
    MOST_RELAYS,
    RelaysUnclear,
    kept_ports,
    relay_count,
    relay_name,
    relay_ports,
)
from teleconsult.services import (
    ORTHANC_USERNAME,
    REPOSITORY,
    WorkersUnclear,
    dicom_ready_check,
    find_program,
    model_names,
    models_folder,
    worker_counts,
)
from teleconsult.turn_server import TurnUnclear, listening_port, own_turn_uris
from telemetry.errors import TelemetryUnclear
from telemetry.exposition import Exposition
from telemetry.logs import formatter

NEEDED_GB = 1.0
COMFORTABLE_GB = 10.0
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = (20, 19)
PACKAGES = (
    "fastapi",
    "uvicorn",
    "sqlalchemy",
    "celery",
    "redis",
    "pydicom",
    "aiortc",
    "monai",
    "torch",
    "typer",
)
PROGRAMS = {"redis-server": "redis-server", "Orthanc": "orthanc"}  # program -> Debian package
REPORT_FONTS = (
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),
    Path("/usr/share/fonts-droid-fallback/truetype/DroidSansFallback.ttf"),
)
MARKS = {Severity.FINE: "✓", Severity.NOTICE: "!", Severity.STOPS: "✗"}


def run(data_folder: Path, port: int, host: str = "127.0.0.1") -> int:
    """Print every diagnosis; 1 when anything stops a start."""
    language = terminal_language()
    found = [*machine(os.environ), *data_folder_checks(data_folder), *what_runs(data_folder, host, port)]
    for diagnosis in found:
        print(f"{MARKS[diagnosis.severity]} {diagnosis.sentence(language)}")
    stopping = sum(diagnosis.severity is Severity.STOPS for diagnosis in found)
    print()
    print(_summary(stopping, language))
    return 1 if stopping else 0


def what_stops_a_start(data_folder: Path, host: str, port: int) -> list[Diagnosis]:
    """What the supervisor asks before it starts anything."""
    given = os.environ
    asked = [*programs(given), *workers(given), *relays(given), *turn_server(given), *metrics(given)]
    found = [*asked, *data_folder_checks(data_folder), *ports(host, port)]
    return [diagnosis for diagnosis in found if diagnosis.severity is Severity.STOPS]


def machine(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Programs, packages and built files."""
    if sys.version_info < OLDEST_PYTHON:
        yield stops("python-old", version=platform.python_version())
    else:
        yield fine("python-fine", version=platform.python_version())
    lacking = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if lacking:
        yield stops("packages-missing", packages=", ".join(lacking))
    else:
        yield fine("packages-fine")
    yield from programs(environment)
    if not any(font.exists() for font in REPORT_FONTS):
        yield notice("font-missing")
    yield from front_end(REPOSITORY / "web")
    folder = models_folder(environment)
    names = model_names(folder)
    yield fine("models-fine", names=", ".join(names)) if names else notice("models-missing", folder=folder)
    yield from workers(environment)
    if not lacking:
        yield media_engine(environment)
    yield from relays(environment)
    yield from turn_server(environment)
    yield from metrics(environment)


def media_engine(environment: Mapping[str, str]) -> Diagnosis:
    """What carries sound and pictures, and whether it can. What is asked needs the packages."""
    from signaling.errors import BadSettings, MediaError
    from signaling.janus.api import JanusSession
    from signaling.janus.settings import JanusSettings
    from signaling.relay.choose_core import core_name

    async def ask(settings: JanusSettings) -> None:
        session = await JanusSession.open(settings.url, settings.secret)
        await session.close()

    try:
        janus = JanusSettings.from_environment(environment)
        if janus is None:
            name = core_name(environment.get("TELECONSULT_PACKET_CORE", ""))
            return fine("packet-core-c") if name == "c" else notice("packet-core-python")
    except BadSettings as error:
        return stops("media-engine-unclear", reason=error)
    try:
        asyncio.run(ask(janus))
    except MediaError as error:
        return notice("janus-silent", url=janus.url, reason=error)
    return fine("janus-fine", url=janus.url)


def programs(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """The servers from Debian's packages, unless they run elsewhere."""
    elsewhere = {"redis-server": "TELECONSULT_REDIS_URL", "Orthanc": "TELECONSULT_ORTHANC_URL"}
    for program, package in PROGRAMS.items():
        if elsewhere[program] not in environment:
            yield _program(program, package)


def _program(program: str, package: str) -> Diagnosis:
    if find_program(program):
        return fine("program-fine", program=program)
    if shutil.which("apt-get"):
        return stops("program-missing", program=program, package=package)
    return stops("apt-missing", program=program)


def turn_server(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """The one for closed networks, where it is to run here."""
    try:
        is_ours = bool(own_turn_uris(environment))
    except TurnUnclear as error:
        yield stops("turn-unclear", reason=error)
        return
    if is_ours:
        yield _program("turnserver", "coturn")


def workers(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """How many processes read with each model, where somebody asked for more than one."""
    models = model_names(models_folder(environment))
    try:
        worker_counts(environment, models)
    except WorkersUnclear as error:
        yield stops("workers-unclear", entry=error, names=", ".join(models))


def relays(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """How many relays the rooms are spread over, where somebody asked for a number."""
    try:
        relay_count(environment)
    except RelaysUnclear as error:
        yield stops("relays-unclear", asked=error, most=MOST_RELAYS)


def metrics(environment: Mapping[str, str]) -> Iterator[Diagnosis]:
    """Whether metrics and logs can be as is asked."""
    try:
        Exposition.from_environment(environment)
        formatter(environment)
    except TelemetryUnclear as error:
        yield stops("telemetry-unclear", reason=error)


def front_end(web_folder: Path) -> Iterator[Diagnosis]:
    is_built = (web_folder / "dist" / "index.html").is_file()
    version = _node_version()
    if version is not None and version >= OLDEST_NODE:
        yield fine("node-fine", version=".".join(map(str, version)))
    elif is_built:
        yield notice("node-not-needed")
    elif version is None:
        yield stops("node-missing")
    else:
        yield stops("node-old", version=".".join(map(str, version)))
    yield fine("front-end-fine") if is_built else stops("front-end-missing")


def data_folder_checks(data_folder: Path) -> Iterator[Diagnosis]:
    """May it be written, is there room, are its secrets closed."""
    if data_folder.exists() and not data_folder.is_dir():
        yield stops("data-not-a-folder", folder=data_folder)
        return
    existing = next(folder for folder in (data_folder, *data_folder.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        yield stops("data-not-writable", folder=data_folder)
    else:
        yield fine("data-fine", folder=data_folder)
    free_gb = shutil.disk_usage(existing).free / 1e9
    said = f"{free_gb:.1f}"
    if free_gb < NEEDED_GB:
        yield stops("disk-full", folder=data_folder, free_gb=said, needed_gb=f"{NEEDED_GB:.0f}")
    elif free_gb < COMFORTABLE_GB:
        yield notice("disk-nearly-full", folder=data_folder, free_gb=said)
    else:
        yield fine("disk-fine", free_gb=said)
    for name in SECRETS:
        path = data_folder / "secrets" / name
        if path.exists() and path.stat().st_mode & 0o077:
            yield notice("secret-open", path=path)


def ports(host: str, port: int) -> Iterator[Diagnosis]:
    """The ports that browsers use. The inner ones are ours to change."""
    try:
        of_relays = relay_ports(port, os.environ)
    except RelaysUnclear:
        return
    all_free = True
    for wanted in (port, *of_relays):
        if is_free(wanted, host):
            continue
        all_free = False
        listener = listener_of(wanted)
        if listener is None:
            yield stops("port-refused", port=wanted, host=host)
        elif listener.pid is None:
            yield stops("port-taken-by-someone", port=wanted)
        else:
            yield stops("port-taken", port=wanted, program=listener.program, pid=listener.pid)
    if all_free:
        yield fine("ports-fine", ports=", ".join(map(str, (port, *of_relays))))
    for_scanners = dicom_port(port, os.environ)
    if not is_free(for_scanners, host):
        yield notice("dicom-port-taken", port=for_scanners)


def what_runs(data_folder: Path, host: str, port: int) -> Iterator[Diagnosis]:
    """The health of a running installation; of one that does not run, whether its ports are free."""
    holder = current_holder(data_folder)
    if holder is not None:
        yield fine("running", pid=holder.pid, host=holder.host, port=holder.port)
        yield from health(data_folder, holder)
        return
    yield fine("not-running")
    last = last_holder(data_folder)
    if last is not None:
        yield notice("leftover-lock", pid=last.pid)
    yield from ports(host, port)


def health(data_folder: Path, holder: Holder) -> Iterator[Diagnosis]:
    """Ask each part of a running installation."""
    installation = existing_installation(data_folder, holder.host, holder.port)
    if installation is None:
        return
    for part, answers in asyncio.run(_ask_all(installation)).items():
        if answers:
            yield fine("part-answers", part=part)
        else:
            yield stops("part-silent", part=part, log=installation.logs_folder / f"{part}.log")
    if any("gdcm" in plugin.lower() for plugin in _orthanc_plugins(installation)):
        yield notice("gdcm-loaded")


async def _ask_all(installation: Installation) -> dict[str, bool]:
    host = installation.local_host
    password = installation.secret("orthanc_password")
    checks = {
        "redis": redis_answers("127.0.0.1", installation.redis_port, installation.secret("redis_password")),
        "orthanc": http_answers(
            "127.0.0.1",
            installation.orthanc_http_port,
            "/system",
            username=ORTHANC_USERNAME,
            password=password,
        ),
        **{
            relay_name(number): http_answers(host, relay_port, "/health")
            for number, relay_port in enumerate(kept_ports(installation.run_folder), start=1)
        },
        "app": http_answers(host, installation.port, "/api/health"),
        "gateway": dicom_ready_check(host, installation.port, os.environ),
    }
    with suppress(TurnUnclear):  # told of already
        if uris := own_turn_uris(os.environ):
            checks["turn"] = turn_answers("127.0.0.1", listening_port(uris))
    answers = await asyncio.gather(*(check() for check in checks.values()))
    return dict(zip(checks, answers, strict=True))


def _orthanc_plugins(installation: Installation) -> list[str]:
    credentials = f"{ORTHANC_USERNAME}:{installation.secret('orthanc_password')}".encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{installation.orthanc_http_port}/plugins",
        headers={"Authorization": f"Basic {b64encode(credentials).decode()}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=2) as response:
            return [str(name) for name in json.load(response)]
    except (urllib.error.URLError, OSError, ValueError):
        return []


def _node_version() -> tuple[int, ...] | None:
    node = shutil.which("node")
    if node is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = said.strip().removeprefix("v").split(".")
    return tuple(int(number) for number in numbers) if all(n.isdecimal() for n in numbers) else None


def _summary(stopping: int, language: Language) -> str:
    return sentence("not-fine", language, count=stopping) if stopping else sentence("all-fine", language)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=REPOSITORY / "data")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    sys.exit(run(arguments.data.resolve(), arguments.port))


if __name__ == "__main__":
    main()
