"""What runs: the table of child processes of one installation, their settings and their order.

| name | what | needs |
|---|---|---|
| redis | broker and event fan-out | |
| orthanc | image archive | |
| turn | coturn, for who has no UDP to the relay; where TELECONSULT_TURN_URLS asks for it | |
| relay, relay-2, ... | rooms and media, as many as relays.py says | |
| app | pages and API | redis, orthanc |
| gateway | the DICOM service that scanners reach | app |
| worker-MODEL, worker-MODEL-2, ... | Celery, each with one model in memory, as many as asked for | app |

Workers wait for the app because its start brings the database up to date. A broker or archive that runs
elsewhere (TELECONSULT_REDIS_URL, TELECONSULT_ORTHANC_URL set by whoever starts us) leaves its row out.
"""

import itertools
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from signaling.turn_uri import TurnUri
from teleconsult import metrics_ports
from teleconsult.installation import Installation, dicom_port, write_privately
from teleconsult.metrics_ports import metrics_port
from teleconsult.readiness import ReadyCheck, dicom_answers, http_answers, redis_answers, turn_answers
from teleconsult.relays import ice_tcp_ports, keep_ports, media_ports, relay_name, relay_ports, relay_urls
from teleconsult.turn_server import listening_port, own_turn_uris, relay_addresses, turn_configuration

REPOSITORY = Path(__file__).resolve().parent.parent
ORTHANC_USERNAME = "teleconsult"
APP_GRACE_S = 2  # how long open requests may go on after a stop
MOST_WORKERS = 64


class WorkersUnclear(Exception):
    """TELECONSULT_WORKERS is not what docs/install.md describes."""


@dataclass(frozen=True, slots=True)
class SaysReady:
    """Ready once this text stands in its log: for parts that answer to nobody."""

    text: str


@dataclass(frozen=True, slots=True)
class Service:
    """One child process: how it is started, known to be ready, and stopped."""

    name: str
    command: tuple[str, ...]
    ready: ReadyCheck | SaysReady
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    ready_timeout_s: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    is_essential: bool = True  # without it a start has failed; the others may come later
    is_ended_when_it_hangs: bool = False  # one that has answered and does so no more; see child_process.py
    keeps_data: bool = False  # stopped after those that write to it
    oom_score: int = 0  # -1000..1000; who is ended first when memory runs out, see proc(5)


def find_program(name: str) -> str | None:
    """Its path; servers of Debian are in /usr/sbin, which an ordinary user's PATH lacks."""
    return shutil.which(name) or shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin")


def models_folder(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("TELECONSULT_MODELS", REPOSITORY / "models"))


def model_names(folder: Path) -> list[str]:
    """Every bundle in the folder; a model's name is its folder's name and its queue's name."""
    return sorted(metadata.parent.parent.name for metadata in folder.glob("*/configs/metadata.json"))


def worker_counts(environment: Mapping[str, str], models: Sequence[str]) -> dict[str, int]:
    """How many processes read with each model: one, unless TELECONSULT_WORKERS says `MODEL:N,MODEL:N`.

    Raises:
        WorkersUnclear: it names a model that is not there, or no number from 1 to MOST_WORKERS.
    """
    counts = dict.fromkeys(models, 1)
    for entry in filter(None, map(str.strip, environment.get("TELECONSULT_WORKERS", "").split(","))):
        model, _, count = (part.strip() for part in entry.partition(":"))
        if model not in counts or not count.isdecimal() or not 1 <= int(count) <= MOST_WORKERS:
            raise WorkersUnclear(entry)
        counts[model] = int(count)
    return counts


def child_environment(installation: Installation, given: Mapping[str, str]) -> dict[str, str]:
    """The environment of the app, the relay and the workers; what was given by the operator stays."""
    data = installation.data_folder
    redis_password = installation.secret("redis_password")
    defaults = {
        "TELECONSULT_DATABASE_URL": f"sqlite:///{data / 'teleconsult.db'}",
        "TELECONSULT_REDIS_URL": f"redis://:{redis_password}@127.0.0.1:{installation.redis_port}/0",
        "TELECONSULT_ORTHANC_URL": f"http://127.0.0.1:{installation.orthanc_http_port}",
        "TELECONSULT_ORTHANC_USERNAME": ORTHANC_USERNAME,
        "TELECONSULT_ORTHANC_PASSWORD_FILE": str(installation.secret_file("orthanc_password")),
        "TELECONSULT_SESSION_SECRET_FILE": str(installation.secret_file("session_secret")),
        "TELECONSULT_JOIN_SECRET_FILE": str(installation.secret_file("join_secret")),
        "TELECONSULT_TURN_SECRET_FILE": str(installation.secret_file("turn_secret")),
        "TELECONSULT_RECORDING_SECRET_FILE": str(installation.secret_file("recording_secret")),
        "TELECONSULT_OBJECT_STORE": str(data / "objects"),
        "TELECONSULT_ALLOWED_ORIGINS": " ".join(allowed_origins(installation, given)),
        "TELECONSULT_SIGNALING_URL": " ".join(relay_urls(installation.port, given)),
    }
    ours = {
        "TELECONSULT_DATA": str(data),
        "TELECONSULT_HOST": installation.host,
        "TELECONSULT_PORT": str(installation.port),
        "TELECONSULT_RELAY_HOST": installation.host,
        "TELECONSULT_DICOM_PORT": str(dicom_port(installation.port, given)),
        "TELECONSULT_MODELS": str(models_folder(given).resolve()),
        "PYTHONUNBUFFERED": "1",
    }
    return {**defaults, **given, **ours}


def allowed_origins(installation: Installation, given: Mapping[str, str]) -> list[str]:
    """The origins whose pages may open a room: this machine's names, and what the operator adds."""
    names = ["localhost", "127.0.0.1"]
    if installation.host in ("0.0.0.0", "::"):
        names += [socket.gethostname(), socket.getfqdn()]
    elif installation.host not in names:
        names.append(installation.host)
    ours = [f"http://{name}:{installation.port}" for name in dict.fromkeys(names)]
    return [*ours, *given.get("TELECONSULT_PUBLIC_ORIGINS", "").split()]


def services(installation: Installation, given: Mapping[str, str]) -> list[Service]:
    """The table for this installation, with the configuration files its rows name written anew."""
    environment = child_environment(installation, given)
    table: list[Service] = []
    if "TELECONSULT_REDIS_URL" not in given:
        table.append(_redis(installation, given))
    if "TELECONSULT_ORTHANC_URL" not in given:
        table.append(_orthanc(installation, given))
    present = tuple(service.name for service in table)
    if uris := own_turn_uris(given):
        table.append(_turn(installation, given, uris))
    table += _relays(installation, given, environment)
    table.append(_app(installation, environment, needs=present))
    table.append(_gateway(installation, environment))
    place = itertools.count(metrics_ports.FIRST_WORKER)
    for model, count in worker_counts(given, model_names(models_folder(given))).items():
        table += [
            _worker(model, {**environment, **metrics_port(given, next(place))}, number, count)
            for number in range(1, count + 1)
        ]
    return table


def _redis(installation: Installation, given: Mapping[str, str]) -> Service:
    password = installation.secret("redis_password")
    configuration = installation.run_folder / "redis.conf"
    lines = {
        "bind": "127.0.0.1",
        "port": str(installation.redis_port),
        "requirepass": password,
        "dir": f'"{installation.data_folder / "redis"}"',
        "daemonize": "no",
        "appendonly": "yes",  # a nudge that was sent outlives the broker
        "appendfsync": "everysec",
        "save": '""',
        "maxmemory-policy": "noeviction",
    }
    write_privately(configuration, "".join(f"{key} {value}\n" for key, value in lines.items()))
    return Service(
        name="redis",
        command=(find_program("redis-server") or "redis-server", str(configuration)),
        environment=given,
        ready=redis_answers("127.0.0.1", installation.redis_port, password),
        keeps_data=True,
    )


def _orthanc(installation: Installation, given: Mapping[str, str]) -> Service:
    from imaging.orthanc_configuration import orthanc_configuration

    password = installation.secret("orthanc_password")
    configuration = installation.run_folder / "orthanc.json"
    content = orthanc_configuration(
        installation.data_folder / "orthanc",
        installation.orthanc_http_port,
        installation.orthanc_dicom_port,
        ORTHANC_USERNAME,
        password,
    )
    write_privately(configuration, json.dumps(content, indent=2) + "\n")
    return Service(
        name="orthanc",
        command=(find_program("Orthanc") or "Orthanc", str(configuration)),
        environment=given,
        ready=http_answers(
            "127.0.0.1",
            installation.orthanc_http_port,
            "/system",
            username=ORTHANC_USERNAME,
            password=password,
        ),
        keeps_data=True,
    )


def _turn(installation: Installation, given: Mapping[str, str], uris: Sequence[TurnUri]) -> Service:
    configuration = installation.run_folder / "turnserver.conf"
    content = turn_configuration(
        uris,
        installation.secret("turn_secret"),
        relay_addresses(given.get("TELECONSULT_PUBLIC_ADDRESS")),
        installation.run_folder,
        (given.get("TELECONSULT_TURN_CERTIFICATE", ""), given.get("TELECONSULT_TURN_KEY", "")),
    )
    write_privately(configuration, content)
    return Service(
        name="turn",
        command=(find_program("turnserver") or "turnserver", "-c", str(configuration)),
        environment=given,
        ready=turn_answers("127.0.0.1", listening_port(uris)),
        is_essential=False,  # who has UDP needs none
    )


def _relays(
    installation: Installation, given: Mapping[str, str], environment: Mapping[str, str]
) -> Iterator[Service]:
    """The first is essential; without another the rooms are at those that there are."""
    page = installation.port
    keep_ports(installation.run_folder, relay_ports(page, given))
    rows = zip(
        relay_ports(page, given),
        media_ports(page, given),
        ice_tcp_ports(given),
        relay_urls(page, given),
        strict=True,
    )
    for number, (port, media_port, ice_tcp_port, url) in enumerate(rows, start=1):
        yield Service(
            name=relay_name(number),
            command=(sys.executable, "-m", "signaling.main"),
            environment={
                **environment,
                "TELECONSULT_RELAY_PORT": str(port),
                "TELECONSULT_MEDIA_PORT": str(media_port),
                "TELECONSULT_ICE_TCP_PORT": "" if ice_tcp_port is None else str(ice_tcp_port),
                "TELECONSULT_RELAY_URL": url,
                **metrics_port(given, metrics_ports.FIRST_RELAY + number - 1),
            },
            ready=http_answers(installation.local_host, port, "/health"),
            is_essential=number == 1,
            is_ended_when_it_hangs=True,
        )


def _app(installation: Installation, environment: Mapping[str, str], needs: tuple[str, ...]) -> Service:
    command = [sys.executable, "-m", "uvicorn", "teleconsult.serving:create_app", "--factory"]
    command += ["--host", installation.host, "--port", str(installation.port)]
    command += ["--timeout-graceful-shutdown", str(APP_GRACE_S), "--no-server-header", "--no-access-log"]
    command += ["--http", "teleconsult.marked_http:MarkedHttp"]
    return Service(
        name="app",
        command=tuple(command),
        environment={**environment, **metrics_port(environment, metrics_ports.APP)},
        needs=needs,
        ready=http_answers(installation.local_host, installation.port, "/api/health"),
        ready_timeout_s=120.0,
    )


def dicom_ready_check(host: str, port: int, given: Mapping[str, str]) -> ReadyCheck:
    is_tls = bool(given.get("TELECONSULT_DICOM_TLS_CERTIFICATE"))
    return dicom_answers(host, dicom_port(port, given), is_tls=is_tls)


def _gateway(installation: Installation, environment: Mapping[str, str]) -> Service:
    return Service(
        name="gateway",
        command=(sys.executable, "-m", "teleconsult.gateway"),
        environment={**environment, **metrics_port(environment, metrics_ports.GATEWAY)},
        needs=("app",),
        ready=dicom_ready_check(installation.local_host, installation.port, environment),
        is_essential=False,
    )


def _worker(model: str, environment: Mapping[str, str], number: int, count: int) -> Service:
    """The `number`-th of `count` processes that read with a model; they share the processor's cores."""
    name = model if number == 1 else f"{model}-{number}"
    # Threads that wait for each other in a loop take the cores that others need: half of all time is lost so.
    own = {"OMP_WAIT_POLICY": "PASSIVE", "TELECONSULT_WORKER": name}
    if count > 1:
        own["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // count))
    command = [sys.executable, "-m", "celery", "-A", "inference.worker", "worker", "-l", "INFO"]
    command += ["-Q", model, "-c", "1", "-n", f"{name}@%h", "--without-gossip", "--without-mingle"]
    return Service(
        name=f"worker-{name}",
        command=tuple(command),
        environment={**own, **environment},
        needs=("app",),
        ready=SaysReady(" ready."),
        ready_timeout_s=180.0,
        # A cold shutdown: SIGTERM would wait for the study in hand, which the job table keeps anyway.
        stop_signal=signal.SIGQUIT,
        is_essential=False,
        oom_score=500,
    )
