"""`teleconsult retention`: how long each class of records is kept, and what would be deleted now."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from teleconsult.data_folder import DEFAULT_DATA, DataFolder
from teleconsult.lifecycle.record_classes import CLASSES, GRACE, SETTING, Retention, SetBy, in_words

if TYPE_CHECKING:
    from datetime import datetime

    from teleconsult.lifecycle.due import Due


def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what the next pass would delete; nothing is changed.")
    ] = False,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Print how long each class of records is kept; reads TELECONSULT_RETENTION as the installation does."""
    try:
        periods = Retention.from_text(os.environ.get(SETTING, ""))
    except ValueError as error:
        sys.exit(f"{SETTING}: {error}")
    if not dry_run:
        _print_classes(periods)
        return
    if not (data / "config.json").exists():
        sys.exit(f"There is no installation in {data}. {data} 中没有系统数据。")
    at, found = _due(data.resolve(), periods)
    for one in found:
        print(f"{one.subject}  {one.rule}  {_fate(one, at)}")
    staying = sum(one.is_on_hold for one in found)
    going = sum(not one.is_on_hold and one.goes_at <= at for one in found)
    coming = len(found) - staying - going
    days = periods.grace_days
    print(
        f"{going} would be deleted, {coming} once they were announced for {days} days, {staying} stay for a "
        f"legal hold; nothing was changed. {going} 项将被删除，{coming} 项尚在 {days} 天预告期内，"
        f"{staying} 项因法律保留而保存；未作任何更改。"
    )


def _fate(one: "Due", at: "datetime") -> str:
    if one.is_on_hold:
        return "stays: legal hold 法律保留"
    if one.goes_at <= at:
        return "goes 将删除"
    return f"goes on 将删除于 {one.goes_at:%Y-%m-%d} UTC"


def _print_classes(periods: Retention) -> None:
    short = periods.shorter_than_law
    for name, row in CLASSES.items():
        days = periods.days.get(name)
        kept = in_words(days) if days else "by rules" if row.set_by is SetBy.RULES else "always"
        print(f"{name:<20} {kept:<10} {row.en} {row.zh}")
        if name in short and row.least_days:
            print(
                f"{'':<20} shorter than the {in_words(row.least_days)} that the law asks for. "
                f"短于法规要求的 {row.least_days} 天。 ({row.source})"
            )
    print(
        f"{GRACE:<20} {in_words(periods.grace_days):<10} for which a deletion is announced before "
        "删除前的预告天数"
    )


def _due(data: Path, periods: Retention) -> "tuple[datetime, list[Due]]":
    """The moment, and what is due then or within the days of grace."""
    from storage.database import utc_now
    from teleconsult.announcement import open_database
    from teleconsult.lifecycle.due import due

    database = open_database(data)
    try:
        with database.reading() as connection:
            at = utc_now()
            return at, due(connection, periods, at, ahead=periods.grace)
    finally:
        database.close()
