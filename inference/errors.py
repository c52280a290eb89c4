"""What can go wrong between a series and its findings."""

from datetime import datetime

from imaging.reasons import Reason, reason


class InferenceError(Exception):
    """A model could not read a series. Carries identifiers only, never a name or a pixel."""


class BundleError(InferenceError):
    """A model's folder is incomplete, changed or not one we run: permanent until it is repaired.

    `reason` is what its keeper is told; a clinician is told that the model cannot be used.
    """

    def __init__(self, said: Reason | str) -> None:
        super().__init__(said if isinstance(said, str) else said.en)
        self.reason = None if isinstance(said, str) else said


class NotAnalysable(InferenceError):
    """The series was read and is nothing for this model: permanent, and `reason` says why."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.code}: {detail}" if detail else reason.code)
        self.reason = reason


class NoLungFound(NotAnalysable):
    """The series holds nothing that looks like a lung, so a lung model has nothing to say about it."""


class ModelSuspended(NotAnalysable):
    """Nobody reads for this slot at the moment: the version in charge was stopped, or there is none."""

    def __init__(self, slot: str, since: datetime | None = None) -> None:
        known = reason("model-suspended-since", since=f"{since:%Y-%m-%d}") if since else None
        super().__init__(known or reason("model-suspended"), slot)


class BoxNotOnImage(InferenceError):
    """A box that a reader drew has no size, or reaches beyond the image: another one may be drawn."""


class UnknownModel(InferenceError):
    """No pipeline is registered for a model of this name."""


class AnalysisCancelled(InferenceError):
    """The caller took the job back while it ran."""
