"""`teleconsult hold`, `deletion` and `retention` on the data folder of an installation that does not run."""

import json
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from storage.database import Database, utc_now
from storage.tables import deletions
from teleconsult.cli import main
from teleconsult.consults.consult import Status
from teleconsult.lifecycle.deletion_record import DeletedItem, record_deletion
from tests.databases import new_sqlite
from tests.small_application import Parts, people_with_a_consult


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With the consult `c`, and one deletion as entry 1 of the audit log."""
    monkeypatch.delenv("TELECONSULT_DATABASE_URL", raising=False)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "config.json").write_text("{}")
    database = new_sqlite(tmp_path / "teleconsult.db")
    people_with_a_consult(Parts(database), Status.CLOSED)
    with database.transaction() as connection:
        items = [DeletedItem("1.2.3", "a" * 64, 7)]
        record_deletion(
            connection, "study-deleted", "study/1.2", items, actor="boss", reason="twice", at=utc_now()
        )
    database.close()
    return tmp_path


def opened(data: Path) -> Database:
    return Database(f"sqlite:///{data / 'teleconsult.db'}")


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_a_hold_is_placed_listed_and_lifted(data: Path) -> None:
    at = ("--data", data)
    placed = run("hold", "place", "consult/c", "--reason", "file 7", *at)
    hold_id = placed.output.split()[0]
    assert (placed.exit_code, "法律保留" in placed.output) == (0, True)
    assert "file 7" in run("hold", "list", *at).output
    assert run("hold", "lift", hold_id, "--reason", "settled", *at).exit_code == 0
    assert "Nothing is on legal hold" in run("hold", "list", *at).output


@pytest.mark.parametrize(
    ("subject", "reason", "sentence"),
    [("consult/nobody", "file 7", "no such consult"), ("consult/c", "  ", "Give a reason")],
)
def test_a_hold_on_nothing_or_for_no_reason_is_refused_with_a_sentence(
    data: Path, subject: str, reason: str, sentence: str
) -> None:
    refused = run("hold", "place", subject, "--reason", reason, "--data", data)
    assert refused.exit_code == 1 and sentence in refused.output


def test_a_certificate_is_written_once_and_holds_until_it_is_changed(data: Path) -> None:
    file, at = data / "certificate.json", ("--data", data)
    assert run("deletion", "list", *at).output.startswith("1  ")
    assert run("deletion", "certificate", 1, file, *at).exit_code == 0
    assert run("deletion", "certificate", 1, file, *at).exit_code == 2  # it is there
    holds = run("deletion", "verify", file)
    assert (holds.exit_code, "study/1.2" in holds.output) == (0, True)
    assert run("deletion", "verify", file, "--key", "AAAA").exit_code == 1
    file.write_text(json.dumps(json.loads(file.read_text()) | {"items": []}))
    assert run("deletion", "verify", file).exit_code == 1
    file.write_text("{}")
    assert run("deletion", "verify", file).exit_code == 2


def test_no_certificate_is_made_of_a_list_that_was_changed_or_of_no_deletion(data: Path) -> None:
    assert run("deletion", "certificate", 99, data / "c.json", "--data", data).exit_code == 2
    with opened(data).transaction() as connection:
        connection.execute(update(deletions).values(listed=[]))
    assert run("deletion", "certificate", 1, data / "c.json", "--data", data).exit_code == 1
    assert not (data / "c.json").exists()


def test_periods_are_printed_with_a_warning_where_the_law_asks_for_more(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "shorter" not in run("retention").output
    monkeypatch.setenv("TELECONSULT_RETENTION", "recording-record:3650")
    assert "shorter than the 15 years" in run("retention").output
    assert "0 would be deleted" in run("retention", "--dry-run", "--data", data).output
    monkeypatch.setenv("TELECONSULT_RETENTION", "chat:1")
    assert run("retention").exit_code == 1
