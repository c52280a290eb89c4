"""The processes of an installation under test: found by a word of their command line, and killed."""

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.installation_server import Installation


def processes(installation: Installation, word: str) -> list[int]:
    """Ids of this installation's processes whose command line holds the word; never the supervisor's."""
    assert installation.process is not None
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            surroundings = (folder / "environ").read_bytes().decode(errors="replace")
            surroundings += os.readlink(folder / "cwd")  # Redis writes over its command line
        except OSError:  # it ended meanwhile
            continue
        is_ours = str(installation.data) in command + surroundings
        if is_ours and word in command and int(folder.name) not in (installation.process.pid, os.getpid()):
            found.append(int(folder.name))
    return found


def kill(installation: Installation, word: str) -> list[int]:
    """kill -9 everything of that name at once, as a crash or the machine's memory guard does."""
    victims = processes(installation, word)
    assert victims, f"nothing to kill: no {word}"
    _kill(victims)
    return victims


def kill_children(installation: Installation, word: str) -> list[int]:
    """kill -9 only those of that name whose parent is of that name too; return the parents, which live on."""
    family = processes(installation, word)
    victims = [one for one in family if parent_of(one) in family]
    assert victims, f"nothing to kill: no {word} has a child"
    _kill(victims)
    return [one for one in family if one not in victims]


def parent_of(process_id: int) -> int | None:
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:  # it ended meanwhile
        return None
    return int(stat.rpartition(")")[2].split()[1])  # proc_pid_stat(5)


def _kill(process_ids: list[int]) -> None:
    for process_id in process_ids:
        with suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)
