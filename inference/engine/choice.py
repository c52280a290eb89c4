"""How networks are asked on this machine: measured once, kept, said in one sentence. Imports torch.

Which kernel is fastest depends on the processor: one with wide bfloat16 units differs from one without.
So each way is timed on a small network when the first one is loaded, some seconds, and the answer kept by
machine and version of torch. What differs from the direct convolution by more than the bound is not chosen,
however fast. Time is the processor's, on one thread, so other work on the machine does not change the answer;
how many threads a worker has, its start decides (OMP_NUM_THREADS).
"""

import copy
import json
import logging
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, cast

import torch
from torch import Tensor, nn

from inference.engine.folded_norms import with_norms_folded
from inference.engine.group_norm import with_norms_in_place
from inference.engine.winograd import with_winograd

CHANNELS: Final = 256  # of the heads, which take most of the time
VOXELS: Final = (24, 24, 24)
REPEATS: Final = 2
MOST_DIFFERENCE: Final = 1e-4  # of the largest answer: far below what moves a score by 0.01
CACHE: Final = "engine.json"
log = logging.getLogger(__name__)


class InBfloat16(nn.Module):
    """A network asked in bfloat16 where torch deems that safe; its answers are float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = _channels_last(network)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the network's answer."""
        with torch.autocast(inputs.device.type, dtype=torch.bfloat16):
            answer: Tensor = self.network(inputs)
        return answer.float()


def _as_it_is(network: nn.Module) -> nn.Module:
    return network


def _channels_last(network: nn.Module) -> nn.Module:
    cast(Any, network).to(memory_format=torch.channels_last_3d)
    return network


def _winograd(network: nn.Module) -> nn.Module:
    return with_norms_in_place(with_winograd(network))


# Each turns a network, in place, into one asked in its way.
KERNELS: Final[Mapping[str, Callable[[nn.Module], nn.Module]]] = {
    "direct": _as_it_is,
    "channels-last": _channels_last,
    "winograd": _winograd,
    "bfloat16": InBfloat16,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is used on a machine, and why.

    Attributes:
        kernel: a key of KERNELS.
        times_as_fast: as the direct convolution, by kernel.
        differences: from it, of the largest answer, by kernel.
    """

    kernel: str
    times_as_fast: Mapping[str, float]
    differences: Mapping[str, float]

    def prepare(self, network: nn.Module) -> nn.Module:
        """Return the network, changed in place, as it is asked in this way."""
        return KERNELS[self.kernel](with_norms_folded(network.eval()))

    def __str__(self) -> str:
        tried = ", ".join(
            f"{name} {speed:.1f} times as fast, {self.differences[name]:.0e} off"
            for name, speed in self.times_as_fast.items()
        )
        return f"{self.kernel} convolutions (against the direct one: {tried})"


def machine() -> str:
    """Return what a measurement holds for: the processor and torch's version."""
    return f"{_processor()}, torch {torch.__version__}"


def choose(cache: Path | None = None, *, most_difference: float = MOST_DIFFERENCE) -> Choice:
    """Return how networks are asked here, as measured now or kept from before; say so in the log.

    Args:
        cache: folder to keep the measurement in. None: measured anew each time. One that cannot be read or
            written is no hindrance.
        most_difference: from the direct convolution, of the largest answer.
    """
    key = f"{machine()}, at most {most_difference:g} off"
    kept = _read(cache)
    try:
        choice = Choice(**kept[key])
    except (KeyError, TypeError):
        choice = measure(most_difference)
        _write(cache, {**kept, key: asdict(choice)})
    log.info("engine-chosen: %s; %s", choice, machine())
    return choice


def measure(most_difference: float) -> Choice:
    """Return what is fastest here among what differs by no more than `most_difference`."""
    threads = torch.get_num_threads()
    generator = torch.Generator().manual_seed(0)
    image = torch.randn((1, CHANNELS, *VOXELS), generator=generator)
    network = _example(generator)
    ways = {name: make(copy.deepcopy(network)) for name, make in KERNELS.items() if _is_there(name)}
    try:
        torch.set_num_threads(1)
        times = {name: _seconds(way, image) for name, way in ways.items()}
        with torch.inference_mode():
            answers = {name: way(image) for name, way in ways.items()}
    finally:
        torch.set_num_threads(threads)
    exact = answers["direct"]
    differences = {
        name: float((answer - exact).abs().max() / exact.abs().max()) for name, answer in answers.items()
    }
    fastest = min((name for name in times if differences[name] <= most_difference), key=times.__getitem__)
    return Choice(
        kernel=fastest,
        times_as_fast={name: times["direct"] / seconds for name, seconds in times.items()},
        differences=differences,
    )


def _example(generator: torch.Generator) -> nn.Module:
    """Return a small network of what detectors are made of, with fixed weights."""
    conv = nn.Conv3d(CHANNELS, CHANNELS, 3, padding=1)
    with torch.no_grad():
        conv.weight.copy_(torch.randn(conv.weight.shape, generator=generator) / (27 * CHANNELS) ** 0.5)
    return nn.Sequential(conv, nn.GroupNorm(8, CHANNELS), nn.ReLU()).eval()


def _seconds(network: nn.Module, image: Tensor) -> float:
    """Return the processor's time for one answer, the shortest of some after the first."""
    with torch.inference_mode():
        network(image)
        times = []
        for _ in range(REPEATS):
            started = time.thread_time()
            network(image)
            times.append(time.thread_time() - started)
    return min(times)


def _is_there(kernel: str) -> bool:
    """Return whether a kernel may be tried: without units for it, bfloat16 is many times slower."""
    return kernel != "bfloat16" or has_bfloat16()


def has_bfloat16() -> bool:
    """Return whether the processor has units for bfloat16."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "amx_bf16" in flags or "avx512_bf16" in flags


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{named[0] if named else platform.processor() or platform.machine()}, {os.cpu_count()} cores"


def _read(cache: Path | None) -> dict[str, Any]:
    if cache is None:
        return {}
    try:
        kept = json.loads((cache / CACHE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _write(cache: Path | None, kept: Mapping[str, object]) -> None:
    if cache is None:
        return
    beside = cache / f"{CACHE}.{os.getpid()}"
    try:
        beside.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        beside.replace(cache / CACHE)
    except OSError as error:
        log.warning("engine-not-kept, it will be measured again: %s", error)
