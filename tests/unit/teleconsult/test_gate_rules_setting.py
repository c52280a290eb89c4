"""The hospital's own rules for the input gate: a bad file stops the start with a sentence."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from teleconsult.cli import main
from teleconsult.settings import BadSettings, Settings


@pytest.fixture
def bad_file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"rules": {"thick-slices": {"limit": "thin"}}}))
    return path


def an_environment(folder: Path, rules: Path) -> dict[str, str]:
    secret = folder / "secret"
    secret.write_text("a long and random secret")
    return {
        "TELECONSULT_DATA": str(folder),
        "TELECONSULT_REDIS_URL": "redis://localhost",
        "TELECONSULT_ORTHANC_URL": "http://localhost:8042",
        "TELECONSULT_ORTHANC_USERNAME": "teleconsult",
        "TELECONSULT_ORTHANC_PASSWORD_FILE": str(secret),
        "TELECONSULT_JOIN_SECRET_FILE": str(secret),
        "TELECONSULT_SESSION_SECRET_FILE": str(secret),
        "TELECONSULT_GATE_RULES": str(rules),
    }


def test_up_says_what_is_wrong_and_starts_nothing(tmp_path: Path, bad_file: Path) -> None:
    data = tmp_path / "data"

    ended = CliRunner().invoke(
        main, ["up", "--data", str(data)], env={"TELECONSULT_GATE_RULES": str(bad_file)}
    )

    assert ended.exit_code == 1
    assert "the limit of 'thick-slices' must be a number" in ended.output
    assert not data.exists()


def test_the_application_does_not_start_on_a_bad_file(tmp_path: Path, bad_file: Path) -> None:
    with pytest.raises(BadSettings, match="TELECONSULT_GATE_RULES: the limit of 'thick-slices'"):
        Settings.from_environment(an_environment(tmp_path, bad_file))


def test_a_good_file_is_what_the_gate_goes_by(tmp_path: Path) -> None:
    good = tmp_path / "good.json"
    good.write_text(json.dumps({"rules": {"thick-slices": {"limit": 1.5}}}))

    rules = Settings.from_environment(an_environment(tmp_path, good)).gate_rules

    assert next(rule.limit for rule in rules if rule.name == "thick-slices") == 1.5
