"""`teleconsult backup` and `teleconsult restore`."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from teleconsult.backups.problem import BackupProblem
from teleconsult.data_folder import DEFAULT_DATA, DataFolder

if TYPE_CHECKING:
    from teleconsult.backups.places import Places
    from teleconsult.backups.plan import Keep
    from teleconsult.backups.record import BackupRecord
    from teleconsult.backups.target import FolderTarget, StoreTarget

SHORTEST_PASSPHRASE = 16
MB = 1e6

PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="Its first line opens the archive; kept apart from the data."),
]


def backup(
    to: Annotated[
        str | None, typer.Option("--to", help="A folder on another disk, or s3://KEY:SECRET@HOST/BUCKET.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Then restore it into a scratch place and compare everything.")
    ] = False,
    archive: Annotated[
        str | None, typer.Option(help="Verify this one, by its name, instead of making one.")
    ] = None,
    scratch: Annotated[
        Path | None, typer.Option(help="Where the scratch place is made; in the data folder otherwise.")
    ] = None,
    keep: Annotated[
        str | None, typer.Option(help="DAILY,WEEKLY,MONTHLY: delete older archives there, such as 7,4,12.")
    ] = None,
    claimed: Annotated[str | None, typer.Option(hidden=True)] = None,
    passphrase_file: PassphraseFile = None,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Write one encrypted archive of everything, also while the system works."""
    from teleconsult.backups.places import Places
    from teleconsult.backups.record import BackupRecord
    from teleconsult.backups.target import open_target

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was begun is tidied up
    data = data.resolve()
    places = Places.of(data, os.environ)
    with _sentences():
        record = BackupRecord(places, claimed)
        try:
            passphrase = _passphrase(passphrase_file, data)
            target = open_target(_where(to, data))
            kept = _keep(keep, is_scheduled=claimed is not None)
            name = archive or _make(places, target, passphrase, record)
            if not archive:
                _tidy(target, name, kept)
            if verify or archive:
                _verify(target, name, passphrase, places, scratch or data)
                record.verified(name)
        except BaseException as error:
            record.fail(str(error) or type(error).__name__)
            raise
        finally:
            record.close()


def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be changed, and try it on a copy.")
    ] = False,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Bring the database to this version's schema, as `up` does; a copy is kept to go back to."""
    from storage.database import utc_now
    from teleconsult.backups import databases
    from teleconsult.backups.migrating import keep_copy_before_migration, opened, pending, try_on_copy
    from teleconsult.backups.places import Places

    places = Places.of(data.resolve(), os.environ)
    with _sentences():
        with opened(places) as database:
            steps = pending(databases.revision_of(database))
        for step in steps:
            print(f"{step.revision}  {step.title}")
        if not steps:
            print("The database is up to date. 数据库已是最新。")
        elif not dry_run:
            copy = keep_copy_before_migration(places, utc_now())
            with opened(places) as database:
                database.migrate()
            print(
                f"{len(steps)} steps done; as it was before: {copy}. "
                f"已完成 {len(steps)} 步；升级前副本：{copy}。"
            )
        else:
            took_s = try_on_copy(places)
            print(
                f"{len(steps)} steps, {took_s:.1f} s on a copy, which holds together. Nothing was changed. "
                f"共 {len(steps)} 步，在副本上用时 {took_s:.1f} 秒，结果完好。未做任何更改。"
            )


def _make(
    places: "Places", target: "FolderTarget | StoreTarget", passphrase: str, record: "BackupRecord"
) -> str:
    from storage.database import utc_now
    from teleconsult.backups.making import make_archive
    from teleconsult.backups.target import name_of

    at = utc_now()
    name = name_of(at)
    record.begin(at)
    with target.writing(name) as sink:
        made = make_archive(places, sink, passphrase, at)
    record.end(name, target.size_bytes(name))
    print(
        f"{name}: {made.files} files, {made.size_bytes / MB:.1f} MB. "
        f"已备份 {made.files} 个文件，{made.size_bytes / MB:.1f} MB。"
    )
    if not made.about.has_images:
        print(
            "The image archive runs elsewhere (TELECONSULT_ORTHANC_URL): back it up there. "
            "影像归档在别处运行（TELECONSULT_ORTHANC_URL）：请在该处备份。"
        )
    _say_gone(made.images_gone)
    return name


def _tidy(target: "FolderTarget | StoreTarget", newest: str, keep: "Keep | None") -> None:
    """Delete what need not be kept any longer, of the archives that are named as ours are."""
    from teleconsult.backups.plan import LONGEST_RUN, superfluous
    from teleconsult.backups.target import made_at

    now = made_at(newest)
    for name in target.unfinished():
        at = made_at(name)
        if now and at and now - at > LONGEST_RUN:  # whoever began it was killed
            target.delete(name)
    if keep is None:
        return
    moments = {at: name for name in target.names() if (at := made_at(name))}
    for at in sorted(superfluous(moments, keep)):
        target.delete(moments[at])
        print(f"{moments[at]}: older than what is kept, deleted. 已按保留规则删除。")


def restore(
    archive: Annotated[str, typer.Argument(help="The archive's file, or its name in --from.")],
    from_: Annotated[
        str | None, typer.Option("--from", help="Where it lies: s3://KEY:SECRET@HOST/BUCKET or a folder.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    data: DataFolder = DEFAULT_DATA,
) -> None:
    """Bring an archive to an empty data folder; overwrites nothing."""
    from storage.database import utc_now
    from teleconsult.backups.places import Places
    from teleconsult.backups.restoring import restore as restore_archive
    from teleconsult.backups.target import open_target

    data = data.resolve()
    with _sentences():
        passphrase = _passphrase(passphrase_file, data)
        path = Path(archive)
        target = open_target(from_ or str(path.parent))
        name = archive if from_ else path.name
        with target.reading(name) as source:
            size_bytes = target.size_bytes(name)
            places = Places.of(data, os.environ)
            done = restore_archive(source, size_bytes, name, passphrase, places, utc_now())
    print(
        f"{data}: as it was at {done.about.made_at}, {done.images} image files, {done.took_s:.1f} s. "
        f"Start it with `teleconsult up --data {data}`. "
        f"已恢复到 {done.about.made_at} 的状态：{done.images} 个影像文件，{done.took_s:.1f} 秒。"
    )
    _say_gone(done.images_gone)


def _verify(
    target: "FolderTarget | StoreTarget", name: str, passphrase: str, places: "Places", scratch: Path
) -> None:
    from storage.database import utc_now
    from teleconsult.backups.target import made_at
    from teleconsult.backups.verifying import verify

    now = utc_now()
    done = verify(target, name, passphrase, places, scratch, now)
    begun = made_at(name)
    age = now - begun if begun else timedelta()
    minutes = age.total_seconds() / 60
    print(
        f"{name}: every file, the database, {done.about.audit_entries} audit entries and {done.images} image "
        f"files are as they were. 所有文件、数据库、{done.about.audit_entries} 条审计记录和 "
        f"{done.images} 个影像文件均完好。"
    )
    print(
        f"RPO {minutes:.1f} min: if everything were lost now, only what came after {done.about.made_at} "
        f"would be missing. 恢复点目标 {minutes:.1f} 分钟：若现在数据全部丢失，仅缺失此后的内容。"
    )
    print(
        f"RTO {done.took_s:.1f} s and the start: so long a restore took on this machine. "
        f"恢复时间目标 {done.took_s:.1f} 秒（另加启动时间）。"
    )
    _say_gone(done.images_gone)


def _say_gone(count: int) -> None:
    if count:
        print(
            f"{count} image files were deleted while the backup ran: after a restore run "
            f"`teleconsult reconcile`. 备份过程中有 {count} 个影像文件被删除：恢复后请运行 "
            "`teleconsult reconcile`。"
        )


@contextmanager
def _sentences() -> Iterator[None]:
    """What is in the way ends the command with its sentence."""
    from minio.error import MinioException
    from urllib3.exceptions import HTTPError

    from storage.errors import ObjectRefused

    try:
        yield
    except BackupProblem as error:
        sys.exit(str(error))
    except (MinioException, HTTPError, ObjectRefused) as error:
        sys.exit(str(BackupProblem("store-away", why=error)))
    except FileNotFoundError as error:
        sys.exit(str(BackupProblem("nothing-there", where=error.filename or error)))


def _where(to: str | None, data: Path) -> str:
    where = to or os.environ.get("TELECONSULT_BACKUP_TO")
    if not where:
        raise BackupProblem("no-target")
    if not where.startswith("s3") and Path(where).resolve().is_relative_to(data):
        raise BackupProblem("target-inside", folder=where)
    return where


def _keep(given: str | None, *, is_scheduled: bool) -> "Keep | None":
    """What is kept; None: everything."""
    from teleconsult.backups.plan import USUAL_KEEP, Keep

    text = given or os.environ.get("TELECONSULT_BACKUP_KEEP") or (USUAL_KEEP if is_scheduled else None)
    try:
        return Keep.from_text(text) if text else None
    except ValueError as error:
        raise BackupProblem("bad-keep", text=text) from error


def _passphrase(file: Path | None, data: Path) -> str:
    named = file or os.environ.get("TELECONSULT_BACKUP_PASSPHRASE_FILE")
    if not named:
        raise BackupProblem("no-passphrase")
    path = Path(named).resolve()
    if path.is_relative_to(data):
        raise BackupProblem("passphrase-inside", file=path)
    if not path.is_file():
        raise BackupProblem("no-passphrase")
    passphrase = path.read_text().partition("\n")[0].strip()
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BackupProblem("passphrase-short")
    return passphrase
