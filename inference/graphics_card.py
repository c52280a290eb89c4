"""Where networks are asked: on the graphics card, and on the processor where that fails. Imports torch."""

import logging
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import torch

PROCESSOR: Final = torch.device("cpu")
Answer = TypeVar("Answer")
log = logging.getLogger(__name__)


def devices() -> tuple[torch.device, ...]:
    """Return where a network may be asked, the fastest first."""
    return (torch.device("cuda"), PROCESSOR) if torch.cuda.is_available() else (PROCESSOR,)


def first_answer(where: Sequence[torch.device], ask: Callable[[torch.device], Answer]) -> Answer:
    """Return the answer of the first device that gives one; the log says which failed.

    A card fails when other programs hold its memory, for one. It is asked again the next time.

    Args:
        where: the last one's error is raised.
    """
    *cards, last = where
    for card in cards:
        try:
            return ask(card)
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            log.warning("graphics-card-failed, reading on the processor: %s", str(error).split("\n")[0])
            if card.type == "cuda":
                torch.cuda.empty_cache()
    return ask(last)
