"""What a first start finds: two institutions, three accounts with one-time passwords, phantom studies."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import select

from storage.database import Database, utc_now
from storage.tables import users as users_table
from teleconsult.agreements.agreement import EVERYTHING, LONGEST, Agreement
from teleconsult.agreements.repository import AgreementRepository
from teleconsult.identity import attempts
from teleconsult.users.passwords import hash_password, one_time_password
from teleconsult.users.repository import UserRepository
from teleconsult.users.user import Role

if TYPE_CHECKING:
    from teleconsult.dependencies import PartsOfApp

PASSWORD_FILE = "one-time-passwords.json"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    username: str
    display_name: str
    role: Role
    specialty: str | None
    institution: int


INSTITUTIONS = (
    ("Qingshan Township Health Centre", "青山镇卫生院"),
    ("Provincial People's Hospital", "省人民医院"),
)
ACCOUNTS = (
    DemoAccount("clinician", "李文医生 Dr Li Wen", Role.GRASSROOTS_CLINICIAN, None, 0),
    DemoAccount("specialist", "陈岚主任 Dr Chen Lan", Role.SPECIALIST, "radiology", 1),
    DemoAccount("admin", "系统管理员 Administrator", Role.ADMINISTRATOR, None, 1),
)


def ensure_accounts(database: Database, secrets_folder: Path) -> None:
    """Make institutions and accounts on an empty database; passwords are random and used once."""
    repository = UserRepository(database)
    if not repository.is_empty():
        return
    given: dict[str, str] = {}
    with database.transaction() as connection:
        places = [repository.add_institution(connection, en, zh) for en, zh in INSTITUTIONS]
        for account in ACCOUNTS:
            given[account.username] = one_time_password()
            repository.add(
                connection,
                username=account.username,
                display_name=account.display_name,
                roles=[account.role],
                institution=places[account.institution],
                specialty=account.specialty,
                password=given[account.username],
            )
        now = utc_now()
        AgreementRepository().add(
            connection,
            Agreement(
                id=str(uuid4()),
                inviting_institution_id=places[0].id,
                invited_institution_id=places[1].id,
                scopes=EVERYTHING,
                starts_at=now,
                ends_at=now + LONGEST,
                proposed_at=now,
                accepted_at=now,
            ),
        )
        # Written before the commit: an account whose password nobody knows would be of no use.
        _write_passwords(secrets_folder, given)


def reset_password(database: Database, secrets_folder: Path, username: str) -> str | None:
    """Give the user a new one-time password; None when there is no such user."""
    password = one_time_password()
    with database.transaction() as connection:
        changed = connection.execute(
            users_table.update()
            .where(users_table.c.username == username)
            .values(
                password_hash=hash_password(password),
                must_change_password=True,
            )
        )
        attempts.forget_name(connection, username)
    if changed.rowcount != 1:
        return None
    _write_passwords(secrets_folder, _read_passwords(secrets_folder) | {username: password})
    return password


def unused_passwords(database: Database, secrets_folder: Path) -> dict[str, str | None]:
    """The one-time passwords that we gave, each while it is unused; None once its owner has chosen one.

    Those of members are known to the administrators who added them, and to nobody else.
    """
    kept = _read_passwords(secrets_folder)
    told = {account.username for account in ACCOUNTS} | kept.keys()
    with database.reading() as connection:
        rows = connection.execute(
            select(users_table.c.username, users_table.c.must_change_password)
            .where(users_table.c.username.in_(told))
            .order_by(users_table.c.username)
        ).all()
    unused = {row.username: kept.get(row.username) if row.must_change_password else None for row in rows}
    still_needed = {name: password for name, password in unused.items() if password}
    if still_needed != kept:
        _write_passwords(secrets_folder, still_needed)
    return unused


def add_demo_studies(parts: "PartsOfApp") -> int:
    """Store a phantom chest CT and a phantom four-view mammogram; the number of studies stored."""
    # Every start needs the accounts, only the first one the studies: what draws and stores them takes longer
    # to load than all the rest of the supervisor.
    from imaging.part10 import part10_bytes
    from inference.phantoms.chest import chest_ct
    from inference.phantoms.mammogram import mammogram_exam
    from teleconsult.studies.arrival import assess_and_queue
    from teleconsult.studies.registration import Arrival, register

    at = utc_now()
    with parts.database.reading() as connection:
        account = connection.execute(
            select(users_table).where(users_table.c.username == ACCOUNTS[0].username)
        ).first()
    if account is None:
        return 0
    chest, _ = chest_ct(seed=7)
    views = [view for view, _ in mammogram_exam(seed=7)]
    arrival = Arrival(account.institution_id, account.id, at)
    for dataset in [*chest, *views]:
        with parts.database.transaction() as connection:
            parts.studies.expect(
                connection, [str(dataset.SOPInstanceUID)], arrival.institution_id, arrival.uploaded_by_id
            )
        stored = parts.pacs.store(part10_bytes(dataset))
        with parts.database.transaction() as connection:
            register(parts.studies, connection, dataset, stored.orthanc_id, arrival)
    for uid in (str(chest[0].StudyInstanceUID), str(views[0].StudyInstanceUID)):
        assess_and_queue(parts, uid, at)
    return 2


def _read_passwords(secrets_folder: Path) -> dict[str, str]:
    path = secrets_folder / PASSWORD_FILE
    if not path.is_file():
        return {}
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _write_passwords(secrets_folder: Path, passwords: dict[str, str]) -> None:
    secrets_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = secrets_folder / PASSWORD_FILE
    scratch = path.with_suffix(".new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(passwords, file)
    scratch.replace(path)
