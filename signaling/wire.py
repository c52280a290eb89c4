"""What every message is made of: bounded words and numbers, names in camel case, nothing unknown."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Uid = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9.]+$")]  # PS3.5 section 9
Id = Annotated[str, Field(min_length=1, max_length=64)]
Frame = Annotated[int, Field(ge=0, le=1_000_000)]  # zero-based, within one instance
Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]


class Message(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, extra="forbid", frozen=True
    )
