"""`teleconsult retention`: how long each class of records is kept, and what would be deleted now."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from teleconsult.data_folder import DEFAULT_DATA, DataFolder
from teleconsult.lifecycle.record_classes import CLASSES, SETTING, Retention, SetBy, in_words

if TYPE_CHECKING:
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
    found = _due(data.resolve(), periods)
    for one in found:
        fate = "stays: legal hold 法律保留" if one.is_on_hold else "goes 将删除"
        print(f"{one.subject}  {one.rule}  {fate}")
    going = sum(not one.is_on_hold for one in found)
    print(
        f"{going} would be deleted, {len(found) - going} stay for a legal hold; nothing was changed. "
        f"{going} 项将被删除，{len(found) - going} 项因法律保留而保存；未作任何更改。"
    )


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


def _due(data: Path, periods: Retention) -> "list[Due]":
    from storage.database import utc_now
    from teleconsult.announcement import open_database
    from teleconsult.lifecycle.due import due

    database = open_database(data)
    try:
        with database.reading() as connection:
            return due(connection, periods, utc_now())
    finally:
        database.close()
