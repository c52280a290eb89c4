"""`teleconsult keys list | rotate | rotate-master`: the keys of recordings, stills and scans."""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from teleconsult.data_folder import DEFAULT_DATA, DataFolder
from teleconsult.installation import SECRET_BYTES, write_privately

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from storage.database import Database

ACTOR = "command-line"
SECRET_FILE = "TELECONSULT_RECORDING_SECRET_FILE"
keys = typer.Typer(no_args_is_help=True, help=__doc__)


@keys.command("list")
def list_keys(data: DataFolder = DEFAULT_DATA) -> None:
    """Print each version of each institution's key, and how many recordings, stills and scans it opens."""
    from storage.key_ring import versions

    with _opened(data) as (database, _), database.reading() as connection:
        names = _names(connection)
        for row in versions(connection):
            state = "newest 当前" if row.is_newest else "being replaced 更换中"
            print(
                f"{names.get(row.owner, row.owner)}  {row.version}  {row.made_at:%Y-%m-%d %H:%M} UTC  "
                f"{row.data_keys}  {state}"
            )


@keys.command()
def rotate(
    institution: Annotated[
        str | None, typer.Option(help="Whose key, by id or English name; `installation`: its own.")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="The keys of all.")] = False,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Make a new version of a key, bring over what the old one opens, and destroy the old one.

    Everything goes on meanwhile. Stopped in the middle, the running system does the rest.
    """
    from sqlalchemy.exc import IntegrityError

    from storage.database import utc_now
    from storage.key_ring import KeyRing, Renewal, versions

    with _opened(data) as (database, file):
        ring = KeyRing(file)
        try:
            with database.transaction() as connection:
                if everybody:
                    owners = sorted({row.owner for row in versions(connection)})
                else:
                    owners = [_owner(connection, institution)]
                for owner in owners:
                    number = ring.rotate(connection, owner, utc_now(), ACTOR)
                    name = _names(connection).get(owner, owner)
                    print(f"{name}: version {number} wraps from now on. 自此使用第 {number} 版密钥。")
        except IntegrityError:
            _end(
                "Another key is being made at this moment. Please try again.",
                "此刻正在生成另一个密钥，请重试。",
            )
        renewal = Renewal(ring)
        while renewal.step(database, utc_now()):
            pass
        with database.reading() as connection:
            left = sum(row.data_keys for row in versions(connection) if not row.is_newest)
        if left:
            _end(
                f"{left} keys could not be brought over: they are damaged. Their old version stays.",
                f"有 {left} 个密钥已损坏，无法更换，其旧版本予以保留。",
            )
    print("Old versions are destroyed. 旧版本已销毁。")


@keys.command("rotate-master")
def rotate_master(data: DataFolder = DEFAULT_DATA) -> None:
    """Make a new secret, the first line of its file, and wrap all keys under it.

    The one before stays as the second line, for copies of the database that were made before. Where the first
    line is new already, it is taken as it is.
    """
    from storage.database import utc_now
    from storage.key_ring import KeyRing

    with _opened(data) as (database, file):
        ring = KeyRing(file)
        # SQLite's one writer: two of these at once do not take each other's secret out of the file.
        with database.transaction() as connection:
            is_used = ring.is_under_newest_secret(connection)
            if is_used and not database.is_sqlite:
                _end(
                    f"Put a new secret of at least 32 characters as the first line into {file} on every "
                    "machine, keep the line that is there below it, and run this again.",
                    f"请先在每台主机的 {file} 中，于现有内容之上新增一行至少 32 个字符的密钥，再重新执行。",
                )
            if is_used:
                _put_first(file, secrets.token_urlsafe(SECRET_BYTES))
            count = ring.wrap_under_newest_secret(connection, utc_now(), ACTOR)
    print(
        f"{count} keys are wrapped under the new secret in {file}. "
        f"已用 {file} 中的新主密钥封装 {count} 个密钥。"
    )


def _put_first(file: Path, secret: str) -> None:
    """Durable before anything is wrapped under it."""
    from storage.local_files import sync_folder
    from storage.sealed_stream import secrets_in

    if file.stat().st_uid != os.geteuid():
        _end(
            f"{file} belongs to another user: run this as the one that Teleconsult runs as.",
            f"{file} 属于其他用户：请以运行系统的用户执行。",
        )
    try:
        write_privately(file, f"{secret}\n{secrets_in(file)[0]}\n")
        sync_folder(file.parent)
    except OSError as error:
        _end(f"{file} cannot be written: {error.strerror}.", f"无法写入 {file}。")


def _owner(connection: "Connection", institution: str | None) -> str:
    from storage.key_ring import INSTALLATION

    if institution is None:
        _end("Say whose key: --institution NAME, or --all.", "请指定机构：--institution 名称，或 --all。")
    names = _names(connection)
    for owner, name in names.items():
        if institution in (owner, name):
            return owner
    if institution == INSTALLATION:
        return INSTALLATION
    _end(f"There is no institution '{institution}'.", f"没有机构“{institution}”。")


def _names(connection: "Connection") -> dict[str, str]:
    from sqlalchemy import select

    from storage.tables import institutions

    rows = connection.execute(select(institutions.c.id, institutions.c.name_en)).all()
    return {row.id: row.name_en for row in rows}


@contextmanager
def _opened(data: Path) -> "Iterator[tuple[Database, Path]]":
    """The database, and the file with the secrets; what is in the way ends the command with its sentence."""
    from storage.errors import StreamDamaged
    from storage.sealed_stream import secrets_in
    from teleconsult.announcement import open_database

    file = Path(os.environ.get(SECRET_FILE) or data.resolve() / "secrets" / "recording_secret")
    try:
        has_secret = bool(secrets_in(file))
    except OSError:
        has_secret = False
    if not has_secret:
        _end(f"There is no secret in {file}.", f"{file} 中没有主密钥。")
    database = open_database(data.resolve())
    try:
        yield database, file
    except StreamDamaged as error:
        _end(
            f"No line of {file} opens {error}. Put the secret with which it was made there, in its own line.",
            f"{file} 中没有能打开 {error} 的主密钥，请把当时使用的主密钥作为单独一行加入该文件。",
        )
    finally:
        database.close()


def _end(en: str, zh: str) -> NoReturn:
    print(f"{en} {zh}", file=sys.stderr)
    sys.exit(1)
