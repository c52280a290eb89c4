"""What `teleconsult up` prepares before, and prints after everything has started."""

import os
import sys
from pathlib import Path

from inference.repository import JobRepository
from storage.database import Database, utc_now
from teleconsult.demo import ensure_accounts, unused_passwords


def open_database(data_folder: Path) -> Database:
    url = os.environ.get("TELECONSULT_DATABASE_URL", f"sqlite:///{data_folder / 'teleconsult.db'}")
    return Database(url)


def prepare(data_folder: Path, *, demo: bool) -> None:
    """Bring the schema up to date, take back what workers had in hand, make the accounts of a first start."""
    data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _keep_way_back(data_folder)
    database = open_database(data_folder)
    database.migrate()
    JobRepository(database).take_back_all()
    if demo:
        ensure_accounts(database, data_folder / "secrets")
    database.close()


def _keep_way_back(data_folder: Path) -> None:
    """A copy of the database that this version is about to change; without one it is said and gone on."""
    from teleconsult.backups.migrating import keep_copy_before_migration
    from teleconsult.backups.places import Places
    from teleconsult.backups.problem import BackupProblem

    try:
        copy = keep_copy_before_migration(Places.of(data_folder, os.environ), utc_now())
    except BackupProblem as problem:
        print(problem, file=sys.stderr)
        return
    if copy:
        print(f"» The database as it was before this version: {copy} 升级前的数据库副本：{copy}")


def announcement(data_folder: Path, host: str, port: int, dicom_port: int | None = None) -> str:
    """The page's address, the accounts with their unused one-time passwords, how to stop.

    Args:
        dicom_port: to which scanners send; None: not said.
    """
    shown_host = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host
    database = open_database(data_folder)
    accounts = unused_passwords(database, data_folder / "secrets")
    database.close()
    lines = ["", "Teleconsult is ready. 远程会诊已就绪。", "", f"  http://{shown_host}:{port}/", ""]
    for username, password in accounts.items():
        said = password or "own password chosen · 已设置自己的密码"
        lines.append(f"  {username:<12} {said}")
    if any(accounts.values()):
        lines += [
            "",
            "  Each password works once; you then choose your own. 以上为一次性密码，登录后请自行设置。",
        ]
    if dicom_port is not None:
        ae_title = os.environ.get("TELECONSULT_AE_TITLE", "TELECONSULT")
        lines += ["", f"  DICOM: {ae_title} {shown_host}:{dicom_port} (scanners · 影像设备)", ""]
    lines += [
        f"  Forgotten? 忘记密码: .venv/bin/teleconsult reset-password NAME --data {data_folder}",
        "",
        "  Stop with Ctrl-C. 按 Ctrl-C 停止。",
        "",
    ]
    return "\n".join(lines)
