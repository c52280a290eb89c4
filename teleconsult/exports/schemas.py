"""What may be chosen when a study is exported without the patient's identity."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from imaging.deidentification_profile import Options


class DeidentificationIn(BaseModel):
    """The options of PS3.15 E.3 that are left to the person.

    Attributes:
        case: a name for what belongs together: exports under the same name have the same new numbers and the
            same shift of dates. Without it each export has its own, and no two can be put together.
    """

    model_config = ConfigDict(extra="forbid")

    dates: Literal["shift", "remove"] = "shift"
    keep_patient_characteristics: bool = True
    keep_device_identity: bool = False
    text_in_pixels: Literal["black-out", "refuse"] = "black-out"
    case: Annotated[str, Field(min_length=1, max_length=64)] | None = None

    def options(self) -> Options:
        return Options(self.dates, self.keep_patient_characteristics, self.keep_device_identity)
