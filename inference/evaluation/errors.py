"""Why a model could not be measured."""

from imaging.reasons import Reason
from inference.errors import InferenceError


class NotMeasurable(InferenceError):
    """The cases or their truth are not as an evaluation needs them; `reason` says so in both languages."""

    def __init__(self, code: str, en: str, zh: str) -> None:
        super().__init__(f"{code}: {en}")
        self.reason = Reason(code, en, zh)
