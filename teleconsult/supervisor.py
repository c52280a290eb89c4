"""Starts every part of an installation in order, keeps each of them running, and stops them all.

A service begins when those it needs are ready. One that ends is started again, and only it, each time after a
longer pause; a relay that answers no more is ended and so started again. Ctrl-C, SIGTERM or SIGHUP stop
everything that was started here and nothing else; a second one does not wait. After kill -9 of the supervisor
itself the kernel and the guard (process_guard.py) end its children.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from teleconsult import process_guard
from teleconsult.child_process import ChildProcess
from teleconsult.diagnosis import Diagnosis, Language, sentence, terminal_language
from teleconsult.doctor import what_stops_a_start
from teleconsult.installation import Installation, open_installation
from teleconsult.instance_lock import AlreadyRunning, InstanceLock
from teleconsult.rotating_log import RotatingLog
from teleconsult.services import Service, services

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
CALM_S = 10.0
TRIES_AT_START = 3
# Together below the ten seconds within which everything is gone.
STOP_OTHERS_S = 4.5
STOP_KEEPERS_S = 3.5
LAST_LINES = 15


class StartFailed(Exception):
    """An essential service did not become ready."""

    def __init__(self, service: Service, how: str) -> None:
        super().__init__(f"{service.name}: {how}")
        self.service = service
        self.how = how


def run(
    data_folder: Path,
    port: int,
    host: str = "127.0.0.1",
    announce: Callable[[], str] | None = None,
    prepare: Callable[[], None] | None = None,
    make_table: Callable[[Installation, Mapping[str, str]], Sequence[Service]] = services,
) -> int:
    """Run the installation until it is told to stop; the exit code of the command.

    Args:
        prepare: called once the data folder is ours and before anything starts.
        announce: its text is printed once everything is ready.
        make_table: what to run; the whole installation unless told otherwise.
    """
    language = terminal_language()
    data_folder = data_folder.resolve()
    try:
        lock = InstanceLock.take(data_folder, host, port)
    except AlreadyRunning as error:
        held = error.holder
        values = {"pid": held.pid if held else "?", "port": held.port if held else "?"}
        print(sentence("already-running", language, folder=data_folder, **values), file=sys.stderr)
        return 1
    except OSError:
        _print_all(what_stops_a_start(data_folder, host, port), language)
        return 1
    try:
        in_the_way = what_stops_a_start(data_folder, host, port)
        if in_the_way:
            _print_all(in_the_way, language)
            return 1
        installation = open_installation(data_folder, host, port)
        if prepare is not None:
            prepare()
        table = make_table(installation, os.environ)
        supervisor = Supervisor(table, data_folder, language, lock.descriptor)
        return asyncio.run(supervisor.run(announce))
    finally:
        lock.release()


def next_pause_s(last_s: float, answered_for_s: float) -> float:
    """How long a part that has ended is left alone: longer each time, unless it had answered for a while."""
    if answered_for_s > CALM_S:
        return FIRST_PAUSE_S
    return min(max(FIRST_PAUSE_S, 2 * last_s), LONGEST_PAUSE_S)


def _print_all(found: Sequence[Diagnosis], language: Language) -> None:
    for diagnosis in found:
        print(f"✗ {diagnosis.sentence(language)}", file=sys.stderr)


class Supervisor:
    """The services of one installation and the processes they run in."""

    def __init__(
        self, table: Sequence[Service], data_folder: Path, language: Language, lock_descriptor: int
    ) -> None:
        self._table = table
        self._data_folder = data_folder
        self._language = language
        self._guard = Guard(lock_descriptor)
        logs = data_folder / "logs"
        logs.mkdir(exist_ok=True, mode=0o700)
        self._logs = {service.name: RotatingLog(logs / f"{service.name}.log") for service in table}
        self._ready = {service.name: asyncio.Event() for service in table}
        self._children: dict[str, ChildProcess] = {}
        self._told_to_stop = asyncio.Event()

    async def run(self, announce: Callable[[], str] | None) -> int:
        """Start all, watch all, stop all."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._on_stop_signal)
        watchers = {asyncio.create_task(self._keep_running(service)) for service in self._table}
        everything = asyncio.create_task(self._announce_when_ready(announce))
        stop = asyncio.create_task(self._told_to_stop.wait())
        failure: StartFailed | None = None
        try:
            await asyncio.wait({*watchers, stop}, return_when=asyncio.FIRST_COMPLETED)
            for watcher in watchers:
                if watcher.done():
                    error = watcher.exception()
                    if not isinstance(error, StartFailed):
                        raise error or RuntimeError("a watcher ended")
                    failure = error
        finally:
            for task in (*watchers, everything, stop):
                task.cancel()
            await asyncio.gather(*watchers, everything, stop, return_exceptions=True)
            if failure is None:
                self._say("stopping")
            await self._stop_all()
            self._guard.close()
            for log in self._logs.values():
                log.close()
        if failure is not None:
            self._explain(failure)
            return 1
        self._say("stopped", folder=self._data_folder)
        return 0

    async def _keep_running(self, service: Service) -> None:
        """Start the service when what it needs is ready, and again whenever it ends.

        Raises:
            StartFailed: an essential one never became ready.
        """
        pause_s = 0.0
        tries = 0
        while True:
            for needed in service.needs:
                await self._ready[needed].wait()
            began = time.monotonic()
            child = await self._start(service)
            is_ready = await child.became_ready()
            ready_at = time.monotonic()
            tries += 1
            if is_ready and not self._ready[service.name].is_set():
                self._ready[service.name].set()
                self._say("part-ready", part=service.name, seconds=f"{time.monotonic() - began:.1f}")
            elif not self._ready[service.name].is_set():
                self._judge_start(service, child, tries)
            await child.hung_or_ended()
            if not child.has_ended:
                self._say("part-hangs", part=service.name)
                child.kill()
            await child.ended()
            self._guard.remove(child.pid)
            pause_s = next_pause_s(pause_s, time.monotonic() - ready_at if is_ready else 0.0)
            self._say("part-restarts", part=service.name, how=child.how_it_ended, seconds=f"{pause_s:g}")
            await asyncio.sleep(pause_s)

    def _judge_start(self, service: Service, child: ChildProcess, tries: int) -> None:
        """A first start that did not succeed: try on, or give up."""
        if child.has_ended and tries < TRIES_AT_START:
            return
        if service.is_essential:
            late = sentence("not-ready-in-time", self._language, seconds=f"{service.ready_timeout_s:g}")
            raise StartFailed(service, child.how_it_ended if child.has_ended else late)
        if tries <= TRIES_AT_START:
            self._say("part-later", part=service.name, log=self._logs[service.name].path)
            self._given_up_waiting(service)

    def _given_up_waiting(self, service: Service) -> None:
        """The rest need not wait for it any longer; it is tried on."""
        self._ready[service.name].set()

    async def _start(self, service: Service) -> ChildProcess:
        try:
            child = await ChildProcess.start(service, self._logs[service.name], self._data_folder)
        except OSError as error:
            raise StartFailed(service, str(error)) from error
        self._guard.add(child.pid)
        self._children[service.name] = child
        return child

    async def _announce_when_ready(self, announce: Callable[[], str] | None) -> None:
        for ready in self._ready.values():
            await ready.wait()
        if announce is not None:
            print(announce(), flush=True)

    async def _stop_all(self) -> None:
        """Those that keep data go last, so that the others can write to them to the end."""
        for keeps_data, timeout_s in ((False, STOP_OTHERS_S), (True, STOP_KEEPERS_S)):
            going = [child for child in self._children.values() if child.service.keeps_data is keeps_data]
            await asyncio.gather(*(child.stop(timeout_s) for child in going))
            for child in going:
                self._guard.remove(child.pid)

    def _on_stop_signal(self) -> None:
        if self._told_to_stop.is_set():
            for child in self._children.values():
                child.kill()
        self._told_to_stop.set()

    def _explain(self, failure: StartFailed) -> None:
        log = self._logs[failure.service.name]
        told = sentence(
            "start-failed", self._language, part=failure.service.name, how=failure.how, log=log.path
        )
        print(told, file=sys.stderr)
        for line in log.last_lines(LAST_LINES):
            print(f"  {line}", file=sys.stderr)

    def _say(self, code: str, **values: object) -> None:
        # The terminal may be gone by the time we stop (SIGHUP).
        with suppress(OSError):
            print(f"» {sentence(code, self._language, **values)}", flush=True)


class Guard:
    """The process that ends our process groups should we be killed. Made again if it is killed itself."""

    def __init__(self, lock_descriptor: int) -> None:
        self._lock_descriptor = lock_descriptor
        self._groups: set[int] = set()
        self._process = self._start()

    def add(self, group: int) -> None:
        self._groups.add(group)
        self._tell(f"+{group}\n")

    def remove(self, group: int) -> None:
        if group in self._groups:
            self._groups.discard(group)
            self._tell(f"-{group}\n")

    def close(self) -> None:
        """No group is left: let it go."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", process_guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock_descriptor,),
            start_new_session=True,
            bufsize=0,
        )

    def _tell(self, line: str) -> None:
        try:
            self._write(line)
        except BrokenPipeError:
            self._process.wait()
            self._process = self._start()
            for group in self._groups:
                self._write(f"+{group}\n")

    def _write(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode())
