"""One running child: started in a process group of its own, logged, and ended with all its descendants.

Who ends it: `stop` in an orderly stop; the kernel (PR_SET_PDEATHSIG) and the guard when the supervisor is
killed.
"""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

from teleconsult.rotating_log import RotatingLog
from teleconsult.services import SaysReady, Service

POLL_S = 0.1
LOOK_S = 1.0
MOST_UNANSWERED = 3  # in a row: each may take ANSWER_TIMEOUT_S (readiness.py)
LAST_WORDS_S = 1.0  # how long output is still read after the process ended
CHUNK_BYTES = 65_536


class ChildProcess:
    """A service's process from its start to its end; a restart makes a new one."""

    def __init__(self, service: Service, process: asyncio.subprocess.Process, log: RotatingLog) -> None:
        self.service = service
        self.pid = process.pid  # also the id of its group, as it leads a session of its own
        self._process = process
        self._log = log
        self._said_ready = asyncio.Event()
        self._has_answered = False
        self._output: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, service: Service, log: RotatingLog, folder: Path) -> "ChildProcess":
        """Start the process. Its end is not ours to see here, and it need not be ready yet.

        Raises:
            OSError: the program is not there or may not be run.
        """
        read_end, write_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *_launcher(service),
                *service.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                env=dict(service.environment),
                cwd=folder,
                start_new_session=True,
            )
        except OSError:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        child = cls(service, process, log)
        child._output = asyncio.create_task(child._keep_output(read_end))
        return child

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    @property
    def how_it_ended(self) -> str:
        """ "signal 9" or "exit code 1"."""
        code = self._process.returncode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    async def became_ready(self) -> bool:
        """True once it answers; False when it ended before, or its time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.service.ready_timeout_s):
                while not self.has_ended:
                    if await self._is_ready():
                        self._has_answered = True
                        return True
                    await asyncio.sleep(POLL_S)
        return False

    async def hung_or_ended(self) -> None:
        """Wait until it has ended or, where the service says so, answers no more though it did."""
        unanswered = 0
        while unanswered < MOST_UNANSWERED:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), LOOK_S)
            if self.has_ended:
                return
            if not self.service.is_ended_when_it_hangs:
                continue
            answers = await self._is_ready()
            self._has_answered = self._has_answered or answers
            unanswered = 0 if answers or not self._has_answered else unanswered + 1

    async def ended(self) -> None:
        """Wait for its end, then end what it left behind in its group."""
        await self._process.wait()
        self._signal_group(signal.SIGKILL)
        if self._output is not None:
            await asyncio.wait([self._output], timeout=LAST_WORDS_S)
            self._output.cancel()

    async def stop(self, timeout_s: float) -> None:
        """Ask it to end, and make it end when it has not in time. May be called twice."""
        if not self.has_ended:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self.service.stop_signal)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), timeout_s)
        self._signal_group(signal.SIGKILL)
        await self.ended()

    def kill(self) -> None:
        """End it and its descendants at once."""
        self._signal_group(signal.SIGKILL)

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    async def _is_ready(self) -> bool:
        if isinstance(self.service.ready, SaysReady):
            return self._said_ready.is_set()
        return await self.service.ready()

    async def _keep_output(self, read_end: int) -> None:
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
        )
        awaited = self.service.ready.text.encode() if isinstance(self.service.ready, SaysReady) else b""
        tail = b""
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                self._log.write(chunk)
                if awaited and not self._said_ready.is_set():
                    tail = (tail + chunk)[-CHUNK_BYTES:]
                    if awaited in tail:
                        self._said_ready.set()
        finally:
            transport.close()


def _launcher(service: Service) -> tuple[str, ...]:
    """util-linux's small programs that set what the child inherits, then become the child.

    A `preexec_fn` would do the same, but may deadlock in a process that has threads.
    """
    launcher = ["setpriv", "--pdeathsig", "KILL", "--"]
    if service.oom_score:
        launcher += ["choom", "-n", str(service.oom_score), "--"]
    return tuple(launcher)
