"""When backups are made, and which are kept: settings and pure rules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from pathlib import Path

USUAL_TIME = time(2, 30)
USUAL_KEEP = "7,4,12"
USUAL_VERIFY_DAYS = 7
TRY_AGAIN_AFTER = timedelta(hours=1)
LONGEST_RUN = timedelta(hours=20)  # one that says nothing for so long was killed


@dataclass(frozen=True, slots=True)
class Keep:
    """Of the last so many days, weeks and months that have any: the newest of each is kept."""

    daily: int
    weekly: int
    monthly: int

    @classmethod
    def from_text(cls, text: str) -> "Keep":
        """Raises ValueError: it is not three numbers, the first at least 1."""
        numbers = text.split(",")
        if len(numbers) != 3 or not all(part.strip().isdecimal() for part in numbers) or int(numbers[0]) < 1:
            raise ValueError(f"{text!r} is not DAILY,WEEKLY,MONTHLY such as {USUAL_KEEP}")
        return cls(*map(int, numbers))


@dataclass(frozen=True, slots=True)
class BackupPlan:
    at: time  # on the clock of the hospital
    verify_every: timedelta

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "BackupPlan | None":
        """None: backups are made by hand only. Raises ValueError: the message names the setting."""
        if not environment.get("TELECONSULT_BACKUP_TO"):
            return None
        file = environment.get("TELECONSULT_BACKUP_PASSPHRASE_FILE", "")
        if not Path(file).is_file():
            raise ValueError("TELECONSULT_BACKUP_TO needs TELECONSULT_BACKUP_PASSPHRASE_FILE, a file")
        text = environment.get("TELECONSULT_BACKUP_AT", USUAL_TIME.isoformat("minutes"))
        try:
            at = time.fromisoformat(text)
        except ValueError as error:
            raise ValueError("TELECONSULT_BACKUP_AT is no time of day such as 02:30") from error
        days = environment.get("TELECONSULT_BACKUP_VERIFY_DAYS", str(USUAL_VERIFY_DAYS))
        if not days.isdecimal() or int(days) < 1:
            raise ValueError("TELECONSULT_BACKUP_VERIFY_DAYS is no number of days from 1")
        Keep.from_text(environment.get("TELECONSULT_BACKUP_KEEP", USUAL_KEEP))
        return cls(at, timedelta(days=int(days)))

    def last_due(self, now: datetime, zone: tzinfo | None) -> datetime:
        """The latest moment, up to now, at which one should have begun."""
        here = now.astimezone(zone)
        today = here.replace(hour=self.at.hour, minute=self.at.minute, second=0, microsecond=0)
        return today if today <= here else today - timedelta(days=1)


def superfluous(made: Iterable[datetime], keep: Keep) -> set[datetime]:
    """Those that need not be kept any longer; never the newest."""
    newest_first = sorted(made, reverse=True)
    kept = set(newest_first[:1])
    for count, period in (
        (keep.daily, lambda at: at.date()),
        (keep.weekly, lambda at: at.isocalendar()[:2]),
        (keep.monthly, lambda at: (at.year, at.month)),
    ):
        newest_of: dict[object, datetime] = {}
        for at in newest_first:
            newest_of.setdefault(period(at), at)
        kept.update(sorted(newest_of.values(), reverse=True)[:count])
    return set(newest_first) - kept
