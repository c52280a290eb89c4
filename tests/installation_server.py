"""A whole installation for tests: `teleconsult up` on free ports and an empty data folder."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from imaging.orthanc import OrthancPacs
from storage.database import Database
from storage.object_store import ObjectStore
from storage.opening import open_object_store
from teleconsult.installation import OUTER_PORTS
from tests.free_ports import first_of_free_ports
from tests.scaled_stores import settings_of_one_more

REPOSITORY = Path(__file__).resolve().parents[1]
START_TIMEOUT_S = 180.0
PATIENCE_S = 240.0
PASSWORD = "a good long password"


def wait_until(holds: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S) -> Any:
    """Return the first true answer of `holds`; fail with `what` when there is none in time."""
    give_up_at = time.monotonic() + timeout_s
    while not (answer := holds()):
        assert time.monotonic() < give_up_at, f"in vain waited until {what}"
        time.sleep(0.1)
    return answer


@dataclass
class Installation:
    """A running installation, its address and the accounts' passwords."""

    data: Path
    port: int
    demo_studies: bool = False
    process: subprocess.Popen[str] | None = None
    passwords: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)  # TELECONSULT_* as an operator sets them

    def __post_init__(self) -> None:
        self.settings = {**settings_of_one_more(), **self.settings}

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def dicom_port(self) -> int:
        return self.port + 2

    @property
    def output(self) -> Path:
        return self.data.parent / f"{self.data.name}.output"

    def start(self) -> "Installation":
        given = {name: value for name, value in os.environ.items() if not name.startswith("TELECONSULT_")}
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "teleconsult.cli",
                "up",
                "--data",
                str(self.data),
                "--port",
                str(self.port),
            ]
            + ([] if self.demo_studies else ["--no-demo-studies"]),
            stdin=subprocess.DEVNULL,
            stdout=self.output.open("a"),
            stderr=subprocess.STDOUT,
            text=True,
            cwd=REPOSITORY,
            # Tests of a slow machine sign in once and take longer than a proof holds.
            env={**given, "LC_ALL": "C.UTF-8", "TELECONSULT_STEP_UP_MINUTES": "720", **self.settings},
        )
        ready = re.compile(r"Teleconsult is ready")
        seen = len(ready.findall(self.output.read_text()))

        def is_ready() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.output.read_text()[-4000:] + self.last_logs()
            return len(ready.findall(self.output.read_text())) > seen

        wait_until(is_ready, "the installation is ready", START_TIMEOUT_S)
        for username, password in re.findall(
            r"^  (\w+) +([a-z0-9]{4}(?:-[a-z0-9]{4}){3})$", self.output.read_text(), re.M
        ):
            self.passwords.setdefault(username, password)
        return self

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=30)

    def last_logs(self) -> str:
        logs = sorted((self.data / "logs").glob("*.log"))
        return "".join(f"\n--- {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in logs)

    def archive(self) -> OrthancPacs:
        """This installation's Orthanc, to look behind the page."""
        port = json.loads((self.data / "config.json").read_text())["inner_ports"]["orthanc_http"]
        password = (self.data / "secrets" / "orthanc_password").read_text().strip()
        return OrthancPacs(f"http://127.0.0.1:{port}", "teleconsult", password)

    def database(self) -> Database:
        """Its rows, to look behind the page."""
        own = f"sqlite:///{self.data / 'teleconsult.db'}"
        return Database(self.settings.get("TELECONSULT_DATABASE_URL", own))

    def environment(self) -> dict[str, str]:
        """For a command about it."""
        return {**os.environ, **self.settings}

    def objects(self) -> ObjectStore:
        return open_object_store(self.settings.get("TELECONSULT_OBJECT_STORE", str(self.data / "objects")))

    def sign_in(self, username: str) -> "Client":
        """A signed-in client; the first time the one-time password is exchanged for PASSWORD."""
        client = Client(self.url)
        answer = client.http.post("/api/session", json={"username": username, "password": PASSWORD})
        if answer.status_code == 401:
            client.post("/api/session", {"username": username, "password": self.passwords[username]})
            client.put(
                "/api/session/password",
                {"current_password": self.passwords[username], "new_password": PASSWORD},
            )
        return client


class Client:
    """A page without a browser: cookies, our header, problems raised as test failures."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, headers={"X-Teleconsult": "1"}, timeout=120)

    def get(self, path: str) -> Any:
        return self._json(self.http.get(path))

    def post(self, path: str, body: Any = None) -> Any:
        return self._json(self.http.post(path, json=body))

    def put(self, path: str, body: Any) -> Any:
        return self._json(self.http.put(path, json=body))

    def upload(self, files: dict[str, bytes], consult_id: str | None = None) -> dict[str, Any]:
        """Send files as the page does, and complete the upload; its outcome with all file results."""
        upload_id = self.post("/api/uploads", {"consult_id": consult_id})["upload_id"]
        results = []
        for path, content in files.items():
            answer = self.http.post(
                f"/api/uploads/{upload_id}/files", content=content, headers={"X-File-Path": quote(path)}
            )
            results += self._json(answer)["files"]
        done = self.post(f"/api/uploads/{upload_id}/complete")
        for study in done["studies"]:
            uid = study["study_instance_uid"]
            wait_until(lambda uid=uid: self._is_judged(uid), "every series is judged", 60)  # type: ignore[misc]
        return {**done, "results": results}

    def _is_judged(self, study_instance_uid: str) -> bool:
        series = self.get(f"/api/studies/{study_instance_uid}")["series"]
        return all(one["verdict"] is not None for one in series)

    def ai_of(self, study_instance_uid: str) -> dict[str, Any]:
        ai: dict[str, Any] = self.get(f"/api/studies/{study_instance_uid}")["ai"]
        return ai

    @staticmethod
    def _json(answer: httpx.Response) -> Any:
        assert answer.is_success, (
            f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:500]}"
        )
        return answer.json() if answer.content else None


def free_ports_of_an_installation() -> int:
    """The first of several neighbouring ports on which nobody listens: page, rooms, scanners."""
    return first_of_free_ports(OUTER_PORTS)


def no_models(folder: Path) -> dict[str, str]:
    """Settings of an installation with an empty folder of models, made in `folder`: it has no workers."""
    models = folder / "models"
    models.mkdir()
    return {"TELECONSULT_MODELS": str(models)}
