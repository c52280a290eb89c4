"""`teleconsult hold place | lift | list`: what may not be deleted while a dispute or an inquiry lasts."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from teleconsult.data_folder import DEFAULT_DATA, DataFolder

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_REASON = 500
Reason = Annotated[str, typer.Option("--reason", help="Why, for the audit log: a file number, no names.")]
hold = typer.Typer(no_args_is_help=True, help=__doc__)


@hold.command()
def place(
    subject: Annotated[str, typer.Argument(help="consult/ID or study/STUDY-INSTANCE-UID.")],
    reason: Reason,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Nobody deletes it from now on, and no rule."""
    from storage.database import utc_now
    from teleconsult.lifecycle import legal_hold

    with _changing(data, reason) as connection:
        placed = legal_hold.place(connection, subject, reason, utc_now())
    print(f"{placed.id}  {placed.subject}: on legal hold. 已设置法律保留，不可删除。")


@hold.command()
def lift(
    hold_id: Annotated[str, typer.Argument(help="As `list` shows it.")],
    reason: Reason,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """What other holds and the rules of the hospital say holds again."""
    from storage.database import utc_now
    from teleconsult.lifecycle import legal_hold

    with _changing(data, reason) as connection:
        lifted = legal_hold.lift(connection, hold_id, reason, utc_now())
    print(f"{lifted.id}  {lifted.subject}: lifted. 已解除法律保留。")


@hold.command("list")
def show(data: DataFolder = DEFAULT_DATA) -> None:
    """Those that stand, the oldest first."""
    from teleconsult.lifecycle import legal_hold

    with _changing(data) as connection:
        holds = legal_hold.standing(connection)
    for one in holds:
        print(f"{one.id}  {one.subject}  {one.placed_at:%Y-%m-%d}  {one.reason}")
    if not holds:
        print("Nothing is on legal hold. 没有法律保留。")


@contextmanager
def _changing(data: Path, reason: str | None = None) -> "Iterator[Connection]":
    from teleconsult.announcement import open_database
    from teleconsult.errors import NotFound

    if reason is not None and not 1 <= len(reason.strip()) <= MOST_REASON:
        sys.exit(f"Give a reason, {MOST_REASON} letters at most. 请填写原因，最多 {MOST_REASON} 字。")
    if not (data / "config.json").exists():
        sys.exit(f"There is no installation in {data}. {data} 中没有系统数据。")
    database = open_database(data.resolve())
    try:
        with database.transaction() as connection:
            yield connection
    except NotFound:
        sys.exit("There is no such consult, study or hold. 没有该会诊、检查或保留记录。")
    finally:
        database.close()
