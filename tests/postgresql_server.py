"""A real PostgreSQL for tests: own folder, own port, own password, gone at the end."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pg8000.dbapi

from storage.database import Database
from tests.free_ports import free_ports

PROGRAMS = ("initdb", "postgres")
PACKAGE = "postgresql-15"
READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 20.0
USERNAME = "teleconsult"
MIGRATED = "migrated"


def program_path() -> str:
    """Where the server's programs may be: Debian keeps them off the PATH, by version."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return ":".join([*map(str, reversed(versions)), os.environ.get("PATH", "")])


def missing_programs() -> list[str]:
    """The programs that this machine lacks for a server; none: `start` can be called."""
    return [name for name in PROGRAMS if shutil.which(name, path=program_path()) is None]


class PostgresqlServer:
    """One cluster in a folder of its own, which `stop` removes.

    PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody` where there is no such user.
    Its folder is not below pytest's, which only their owner may enter.
    """

    def __init__(self, *, shared_buffers: str = "32MB", max_connections: int = 60) -> None:
        self.password = secrets.token_urlsafe(16)
        self._shared_buffers = shared_buffers
        self._max_connections = max_connections
        (self.port,) = free_ports(1)
        self._folder = Path(tempfile.mkdtemp(prefix="teleconsult-postgresql-"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "PostgresqlServer":
        """Return when it answers and has a database with the newest schema to copy from."""
        password_file = self._folder / "password"
        password_file.write_text(self.password)
        owner = _unprivileged_user()
        if owner is not None:
            for path in (self._folder, password_file):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        made = subprocess.run(
            [
                *self._command("initdb", owner),
                f"--pgdata={self._folder / 'data'}",
                f"--username={USERNAME}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
            ],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{made.stdout.decode(errors='replace')}")
        self._process = self._launch(owner)
        self._wait_until_it_answers(self._process)
        self._administer(f"CREATE DATABASE {MIGRATED}")
        migrated = Database(self.url(MIGRATED))
        migrated.migrate()
        migrated.close()  # a database that somebody uses cannot be copied
        return self

    def kill(self) -> None:
        """kill -9 it and all it started; what was committed is there after `restart`."""
        if self._process is not None:
            pid = self._process.pid
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for each in (pid, *map(int, children)):
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        """Return when it answers again; at once where it runs. What the killed one had started may be in the
        way for a moment."""
        give_up_at = time.monotonic() + READY_WITHIN_S
        while self._process is None:
            process = self._launch(_unprivileged_user())
            try:
                self._wait_until_it_answers(process)
                self._process = process
            except RuntimeError:
                process.kill()
                process.wait()
                if time.monotonic() > give_up_at:
                    raise

    def _launch(self, owner: pwd.struct_passwd | None) -> "subprocess.Popen[bytes]":
        with (self._folder / "log.txt").open("ab") as log:
            # In its own group, so that all it starts ends with it; and it ends when this process dies.
            return subprocess.Popen(
                [
                    *self._command("postgres", owner),
                    "-D",
                    str(self._folder / "data"),
                    *("-c", "listen_addresses=127.0.0.1"),
                    *("-c", f"port={self.port}"),
                    *("-c", "unix_socket_directories="),
                    *("-c", f"max_connections={self._max_connections}"),
                    *("-c", f"shared_buffers={self._shared_buffers}"),
                    *(
                        "-c",
                        "fsync=off",
                    ),  # nothing here is about power cuts, and a database is made for each test
                ],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """End it in order and remove its folder; calling it again does no harm."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # "fast": open connections are cut
            try:
                self._process.wait(STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """For `Database`."""
        return f"postgresql+pg8000://{USERNAME}:{self.password}@127.0.0.1:{self.port}/{database}"

    def new_database(self, *, migrated: bool = True) -> str:
        """Make a database of its own for one test and return its URL."""
        name = f"test_{uuid4().hex}"
        self._administer(f"CREATE DATABASE {name} TEMPLATE {MIGRATED if migrated else 'template0'}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database that `new_database` made."""
        self._administer(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def _administer(self, statement: str) -> None:
        connection = self._connect()
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()

    def _connect(self) -> pg8000.dbapi.Connection:
        return pg8000.dbapi.connect(
            USERNAME,
            host="127.0.0.1",
            port=self.port,
            database="postgres",
            password=self.password,
            timeout=30,
        )

    def _command(self, program: str, owner: pwd.struct_passwd | None) -> list[str]:
        found = shutil.which(program, path=program_path())
        if found is None:
            raise FileNotFoundError(f"{program} is not installed; `apt-get install {PACKAGE}`")
        become = []
        if owner is not None:
            become = [f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}", "--clear-groups"]
        return ["setpriv", *become, "--pdeathsig", "INT", found]

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                self._connect().close()
                return
            except (pg8000.dbapi.InterfaceError, pg8000.dbapi.DatabaseError):
                ended = process.poll() is not None
                if ended or time.monotonic() > deadline:
                    log = (self._folder / "log.txt").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not become ready:\n{log[-4000:]}") from None
                time.sleep(0.05)  # between two looks at the condition


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Who the server runs as; None: whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]
