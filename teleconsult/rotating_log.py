"""The log file of one child process: appended to, and turned over before it gets large."""

from pathlib import Path

from storage.disk_full import is_disk_full

MAX_BYTES = 10 * 1024 * 1024
KEPT_FILES = 3  # name.log.1 is the youngest


class RotatingLog:
    """Raw bytes in, one file and a few older ones out. `close` may be called twice."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size

    def write(self, content: bytes) -> None:
        """Append; what finds no room on the disk is lost, for no part shall end for want of its log."""
        try:
            if self._size and self._size + len(content) > self._max_bytes:
                self._turn_over()
            self._size += self._file.write(content)
        except OSError as error:
            if not is_disk_full(error):
                raise

    def last_lines(self, count: int) -> list[str]:
        with self.path.open("rb") as file:
            file.seek(max(0, self._size - 16_384))
            return file.read().decode(errors="replace").splitlines()[-count:]

    def close(self) -> None:
        self._file.close()

    def _turn_over(self) -> None:
        for number in range(KEPT_FILES - 1, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            if older.exists():
                older.replace(self.path.with_name(f"{self.path.name}.{number + 1}"))
        self.path.replace(self.path.with_name(f"{self.path.name}.1"))
        old, self._file, self._size = self._file, self.path.open("ab", buffering=0), 0
        old.close()
