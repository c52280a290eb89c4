"""How long recordings are kept, by class. Pure.

| class | is kept (TELECONSULT_RECORDING_DAYS) | because |
|---|---|---|
| record | 15 years (5475 days) | it is part of an outpatient's medical record |
| review | 90 days | somebody wants to look at it once more |

The 15 years are what China's rules for medical institutions ask for of outpatient records. A changed setting
holds for recordings that are there, too.
"""

from collections.abc import Mapping

from signaling.recorder.kept_recordings import RetentionClass

DEFAULT_DAYS: Mapping[RetentionClass, int] = {RetentionClass.RECORD: 5_475, RetentionClass.REVIEW: 90}


def days_from(text: str) -> dict[RetentionClass, int]:
    """The days that a setting like `record:5475,review:30` names; where it names none, the default.

    Raises:
        ValueError: no such class, or no number of days.
    """
    days = dict(DEFAULT_DAYS)
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, count = entry.partition(":")
        if int(count) < 1:
            raise ValueError(f"{entry}: at least one day")
        days[RetentionClass(name.strip())] = int(count)
    return days
