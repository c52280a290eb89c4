"""Counters, gauges and histograms of one process, and the text in which Prometheus reads them.

Source: the Prometheus text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/) and
its conventions for names (https://prometheus.io/docs/practices/naming/): base units, `_total` on counters.
Nothing in a label may name a patient: labels take values from short lists only.
"""

import bisect
import logging
import math
import os
import resource
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
MINUTES = (1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0)  # in seconds

log = logging.getLogger(__name__)

Labels = Mapping[str, str]
Sample = tuple[str, Labels, float]


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one name. `kind` is counter, gauge or histogram."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]

    @classmethod
    def of(cls, name: str, kind: str, help: str, values: Iterable[tuple[Labels, float]]) -> "Family":
        return cls(name, kind, help, [(name, labels, value) for labels, value in values])


class _Series:
    """Values by their labels; may be changed from any thread."""

    kind: str

    def __init__(self, name: str, help: str, labels: Sequence[str] = ()) -> None:
        self.name, self.help, self._labels = name, help, tuple(labels)
        self._lock = threading.Lock()

    def _key(self, labels: Labels) -> tuple[str, ...]:
        if set(labels) != set(self._labels):
            raise ValueError(f"{self.name} takes the labels {self._labels}, not {tuple(labels)}")
        return tuple(labels[name] for name in self._labels)

    def _named(self, key: tuple[str, ...]) -> Labels:
        return dict(zip(self._labels, key, strict=True))

    def _samples(self) -> list[Sample]:
        raise NotImplementedError

    def families(self) -> list[Family]:
        with self._lock:
            return [Family(self.name, self.kind, self.help, self._samples())]


class Counter(_Series):
    """What only grows while the process lives."""

    kind = "counter"

    def __init__(self, name: str, help: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, help, labels)
        self._values: dict[tuple[str, ...], float] = {} if labels else {(): 0.0}

    def add(self, amount: float = 1.0, **labels: str) -> None:
        key = self._key(labels)
        with self._lock:
            self._values[key] = self._values.get(key, 0.0) + amount

    def _samples(self) -> list[Sample]:
        return [(self.name, self._named(key), value) for key, value in self._values.items()]


class Gauge(Counter):
    """What goes up and down."""

    kind = "gauge"


class Histogram(_Series):
    """How often a value was at most as large as each of `bounds`, and their sum."""

    kind = "histogram"

    def __init__(
        self, name: str, help: str, labels: Sequence[str] = (), bounds: Sequence[float] = SECONDS
    ) -> None:
        super().__init__(name, help, labels)
        self._bounds = tuple(bounds)
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}

    def observe(self, value: float, **labels: str) -> None:
        key = self._key(labels)
        with self._lock:
            counts = self._counts.setdefault(key, [0] * (len(self._bounds) + 1))
            counts[bisect.bisect_left(self._bounds, value)] += 1
            self._sums[key] = self._sums.get(key, 0.0) + value

    @contextmanager
    def timing(self, **labels: str) -> Iterator[None]:
        """Observe how many seconds the block takes, also where it fails."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.observe(time.monotonic() - started, **labels)

    def _samples(self) -> list[Sample]:
        found: list[Sample] = []
        for key, counts in self._counts.items():
            labels, so_far = self._named(key), 0
            for bound, count in zip((*self._bounds, math.inf), counts, strict=True):
                so_far += count
                found.append((f"{self.name}_bucket", {**labels, "le": _number(bound)}, so_far))
            found.append((f"{self.name}_sum", labels, self._sums[key]))
            found.append((f"{self.name}_count", labels, so_far))
        return found


class Registry:
    """What one process exposes. `collect` is asked at each scrape, for what is read rather than counted."""

    def __init__(self) -> None:
        self._sources: list[Callable[[], Iterable[Family]]] = [process_families]

    def add(self, *series: _Series) -> None:
        self._sources += [one.families for one in series]

    def collect(self, source: Callable[[], Iterable[Family]]) -> None:
        self._sources.append(source)

    def render(self) -> str:
        return "".join(_rendered(family) for source in self._sources for family in _asked(source))


def _asked(source: Callable[[], Iterable[Family]]) -> list[Family]:
    try:
        return list(source())
    except Exception:  # the edge: what cannot be read now must not hide the rest
        log.exception("metrics-not-read source=%s", getattr(source, "__qualname__", source))
        return []


def process_families() -> Iterator[Family]:
    """What every process has, under the names that Prometheus's own clients use. Source: proc(5)."""
    stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    ticks = os.sysconf("SC_CLK_TCK")
    lines = Path("/proc/stat").read_text().splitlines()
    booted = next(float(line.split()[1]) for line in lines if line.startswith("btime"))
    values = (
        ("process_cpu_seconds_total", "counter", "CPU time.", (int(stat[11]) + int(stat[12])) / ticks),
        ("process_start_time_seconds", "gauge", "Start, since 1970.", booted + int(stat[19]) / ticks),
        (
            "process_resident_memory_bytes",
            "gauge",
            "Memory in RAM.",
            int(stat[21]) * os.sysconf("SC_PAGE_SIZE"),
        ),
        ("process_open_fds", "gauge", "Open files and sockets.", len(os.listdir("/proc/self/fd"))),
        (
            "process_max_fds",
            "gauge",
            "How many there may be.",
            resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        ),
    )
    for name, kind, help, value in values:
        yield Family.of(name, kind, help, [({}, value)])


def _rendered(family: Family) -> str:
    lines = [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {family.kind}"]
    for name, labels, value in family.samples:
        said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        lines.append(f"{name}{{{said}}} {_number(value)}" if said else f"{name} {_number(value)}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return "+Inf" if value == math.inf else repr(float(value)) if value != int(value) else str(int(value))
