"""A clock that a test can set, for the processes that are started with its environment."""

import struct
import subprocess
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_suffix(".c")


class SetClock:
    """The time of day as these processes see it; right at first."""

    def __init__(self, folder: Path) -> None:
        self._file, library = folder / "clock", folder / "set_clock.so"
        self._file.write_bytes(struct.pack("q", 0))
        compiler = ["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror"]
        subprocess.run([*compiler, "-o", str(library), str(SOURCE)], check=True)
        self.environment = {"LD_PRELOAD": str(library), "SET_CLOCK": str(self._file)}

    def set_wrong_by(self, seconds: int) -> None:
        """From this moment on; the file is mapped and must not be cut."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("q", seconds))
