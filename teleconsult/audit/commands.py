"""`teleconsult audit export | verify | key`: the audit log as a file, and whether it holds."""

import json
import socket
import sys
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from teleconsult.data_folder import DEFAULT_DATA, DataFolder

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.audit_chain import Checkpoint, Verdict
    from storage.audit_checkpoints import Checkpoints

class Form(StrEnum):
    JSONL = "jsonl"
    FHIR = "fhir"
    SYSLOG = "syslog"


BROKEN, UNREADABLE = 1, 2  # exit codes
audit = typer.Typer(no_args_is_help=True, help=__doc__)


@audit.command()
def export(
    file: Annotated[Path, typer.Argument(help="A file that is not there yet.")],
    since: Annotated[
        datetime | None, typer.Option("--from", help="Leave out what was before; this machine's time.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", help="Leave out what came after.")] = None,
    form: Annotated[
        Form, typer.Option("--format", help="jsonl can be checked; fhir and syslog are for other systems.")
    ] = Form.JSONL,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Write the log with its signed checkpoints as JSON Lines, to be checked anywhere.

    Or each entry as a FHIR R4 AuditEvent (NDJSON), or as a DICOM audit message in a line of RFC 5424 syslog.
    """
    from storage.audit_file import export_lines
    from storage.database import utc_now
    from teleconsult.announcement import open_database

    checkpoints, database = _checkpoints(data), open_database(data.resolve())
    try:
        with file.open("x", encoding="utf-8") as target, database.reading() as connection:
            file.chmod(0o600)
            local = [at.astimezone() if at else None for at in (since, until)]
            if form is Form.JSONL:
                target.writelines(export_lines(connection, checkpoints.key, utc_now(), *local))
            else:
                target.writelines(_foreign_lines(form, connection, *local))
    except FileExistsError:
        _end(UNREADABLE, f"{file} is there already.", f"{file} 已存在。")
    except OSError as error:
        _end(UNREADABLE, f"{file} cannot be written: {error.strerror}.", f"无法写入 {file}。")
    print(f"{file}  {checkpoints.public_key}")


@audit.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="What `export` wrote; without it, the log of this installation.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="The public key that must have signed; see `audit key`.")
    ] = None,
    witness: Annotated[
        Path | None,
        typer.Option("--checkpoints", help="Checkpoints that were kept elsewhere: audit-checkpoints.jsonl."),
    ] = None,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Look for entries that were removed, changed, moved or put in, and for an end that was cut off.

    A file needs neither database nor network. Exit code 0: the log holds; 1: it does not; 2: not readable.
    """
    if file is None:
        _verify_live(data)
    else:
        _verify_file(file, key, witness)


@audit.command("key")
def show_key(data: DataFolder = DEFAULT_DATA) -> None:
    """Print the public key that checks this installation's signatures. Keep it at another place."""
    print(_checkpoints(data).public_key)


def _foreign_lines(
    form: Form, connection: "Connection", since: datetime | None, until: datetime | None
) -> Iterator[str]:
    from storage.audit_file import range_of
    from storage.audit_formats import fhir_audit_event, syslog_message
    from storage.audit_log import entries

    site = socket.gethostname()
    for entry in entries(connection, *range_of(connection, since, until)):
        if form is Form.FHIR:
            yield json.dumps(fhir_audit_event(entry, site), ensure_ascii=False) + "\n"
        else:
            yield syslog_message(entry, site) + "\n"


def _verify_live(data: Path) -> None:
    from teleconsult.announcement import open_database

    checkpoints, database = _checkpoints(data), open_database(data.resolve())
    try:
        with database.reading() as connection:
            verdict = checkpoints.verify(connection)
    except (KeyError, TypeError, ValueError):
        _end(
            UNREADABLE,
            "A line of audit-checkpoints.jsonl in the data folder cannot be read.",
            "数据目录中 audit-checkpoints.jsonl 的某一行无法读取。",
        )
    _tell(verdict)


def _verify_file(file: Path, key: str | None, witness: Path | None) -> None:
    from storage.audit_file import NotAnAuditFile, verify_file

    try:
        with file.open(encoding="utf-8") as opened:
            found = verify_file(opened, public_key=key, witnesses=_witnesses(witness))
    except (OSError, NotAnAuditFile):
        _end(UNREADABLE, f"{file} is not an exported audit log.", f"{file} 不是导出的审计日志。")
    print(
        f"Entries {found.first} to {found.last}, exported {found.made_at:%Y-%m-%d %H:%M:%S} UTC, key "
        f"{found.public_key}. 第 {found.first} 至 {found.last} 条，密钥 {found.public_key}。"
    )
    _tell(found.verdict)


def _witnesses(file: Path | None) -> "list[Checkpoint]":
    from storage.audit_checkpoints import read_checkpoints

    if file is None:
        return []
    try:
        return read_checkpoints(file)
    except (OSError, KeyError, TypeError, ValueError):
        _end(UNREADABLE, f"{file} holds no checkpoints.", f"{file} 中没有检查点。")


def _checkpoints(data: Path) -> "Checkpoints":
    from storage.audit_checkpoints import Checkpoints

    if not (data / "secrets").is_dir():
        _end(UNREADABLE, f"There is no installation in {data}.", f"{data} 中没有系统数据。")
    return Checkpoints(data.resolve())


def _tell(verdict: "Verdict") -> None:
    if verdict.fault:
        _end(BROKEN, verdict.fault.en, verdict.fault.zh)
    print(
        f"The audit log holds: {verdict.entries} entries, {verdict.checkpoints} signed checkpoints. "
        f"审计日志完整：{verdict.entries} 条记录，{verdict.checkpoints} 个签名检查点。"
    )


def _end(code: int, en: str, zh: str) -> NoReturn:
    print(f"{en} {zh}", file=sys.stderr)
    sys.exit(code)
