"""`teleconsult deletion list | certificate | verify`: what was deleted, proved with a signature."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from teleconsult.data_folder import DEFAULT_DATA, DataFolder

if TYPE_CHECKING:
    from storage.audit_chain import AuditEntry

BROKEN, UNREADABLE = 1, 2  # exit codes, as of `teleconsult audit verify`
deletion = typer.Typer(no_args_is_help=True, help=__doc__)


@deletion.command("list")
def show(data: DataFolder = DEFAULT_DATA) -> None:
    """The newest 200: number, when, what, how many items, by whom, why."""
    from teleconsult.announcement import open_database
    from teleconsult.lifecycle.deletion_record import newest_deletions

    database = open_database(_installation(data))
    with database.reading() as connection:
        found = newest_deletions(connection)
    for entry in found:
        print(_line(entry))
    if not found:
        print("Nothing was deleted. 没有删除记录。")


@deletion.command()
def certificate(
    number: Annotated[int, typer.Argument(help="As `list` shows it: the entry of the audit log.")],
    file: Annotated[Path, typer.Argument(help="A file that is not there yet.")],
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Write what went, by identifiers and hashes, with rule or reason, moment and person, signed."""
    from storage.audit_checkpoints import Checkpoints
    from storage.database import utc_now
    from teleconsult.announcement import open_database
    from teleconsult.errors import NotFound
    from teleconsult.lifecycle import deletion_certificate
    from teleconsult.lifecycle.deletion_record import find_deletion

    folder = _installation(data)
    checkpoints, database = Checkpoints(folder), open_database(folder)
    try:
        with database.reading() as connection:
            found = find_deletion(connection, number)
        body = deletion_certificate.certificate(found, checkpoints.key, utc_now())
        _, fault = deletion_certificate.check(body)
        if fault:  # somebody changed the list, or the log
            _end(BROKEN, deletion_certificate.SENTENCES[fault])
        with file.open("x", encoding="utf-8") as target:
            file.chmod(0o600)
            json.dump(body, target, ensure_ascii=False, indent=1)
    except NotFound:
        _end(UNREADABLE, f"Entry {number} of the audit log is no deletion. 第 {number} 条不是删除记录。")
    except FileExistsError:
        _end(UNREADABLE, f"{file} is there already. {file} 已存在。")
    except OSError as error:
        _end(UNREADABLE, f"{file} cannot be written: {error.strerror}. 无法写入 {file}。")
    print(f"{file}  {checkpoints.public_key}")


@deletion.command()
def verify(
    file: Annotated[Path, typer.Argument(help="What `certificate` wrote.")],
    key: Annotated[
        str | None, typer.Option("--key", help="The public key that must have signed; see `audit key`.")
    ] = None,
) -> None:
    """Needs neither database nor network. Exit code 0: it holds; 1: it does not; 2: it cannot be read."""
    from teleconsult.lifecycle.deletion_certificate import SENTENCES, NotACertificate, check

    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        found, fault = check(given, key)
    except (OSError, ValueError, NotACertificate):
        _end(UNREADABLE, f"{file} is no certificate of a deletion. {file} 不是删除证明。")
    if fault:
        _end(BROKEN, SENTENCES[fault])
    print(_line(found.entry))
    print(f"The certificate holds: {len(found.items)} items, key {given['public_key']}. 删除证明有效。")


def _line(entry: "AuditEntry") -> str:
    announced = entry.details.get("announced_at")
    return (
        f"{entry.sequence}  {entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.subject}  {entry.details['items']}  "
        f"{entry.actor}  {entry.details['reason']}"
    ) + (f"  announced 预告 {announced[:10]}" if announced else "")


def _installation(data: Path) -> Path:
    if not (data / "secrets").is_dir():
        _end(UNREADABLE, f"There is no installation in {data}. {data} 中没有系统数据。")
    return data.resolve()


def _end(code: int, sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(code)
