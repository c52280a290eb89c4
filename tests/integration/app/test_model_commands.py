"""`teleconsult models ...` from a bundle on a disk to a version that reads."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from teleconsult.cli import main
from tests.bundle_builders import NETWORK, a_bundle
from tests.databases import new_sqlite

ENVIRONMENT = (
    "TELECONSULT_DATABASE_URL",
    "TELECONSULT_MODELS",
    "TELECONSULT_ADDED_MODELS",
    "TELECONSULT_DATA",
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "data"
    database = new_sqlite(folder / "teleconsult.db")
    database.close()
    return folder


def run(*words: str) -> tuple[int, Any]:
    done = CliRunner().invoke(main, ["models", *words, "--json"])
    return done.exit_code, json.loads(done.stdout)


def states(data: Path) -> dict[str, str]:
    _, listed = run("list", "--data", str(data))
    return {row["name"]: row["state"] for row in listed["models"]}


def test_a_bundle_is_added_tried_promoted_and_taken_out_again(data: Path, tmp_path: Path) -> None:
    where = ("--data", str(data))
    code, added = run("add", str(a_bundle(tmp_path)), "--for", "mammography", *where)
    assert (code, added["state"], added["licence"]) == (0, "candidate", "Apache-2.0")
    assert run("promote", "breast_masses", "0.3.1", "--shadow", *where)[1]["state"] == "shadow"
    code, refused = run("promote", "breast_masses", "0.3.1", *where)
    assert (code, refused["reason"]["code"]) == (1, "evaluation-missing")
    assert states(data)["mammography"] == "active"
    code, refused = run("retire", "nothing", "1", *where)
    assert (code, refused["reason"]["code"]) == (1, "version-unknown")
    assert run("retire", "breast_masses", "0.3.1", *where) == (0, {"reads_again": None})


def test_a_bundle_that_wants_to_run_code_is_refused_with_where_and_what(data: Path, tmp_path: Path) -> None:
    config = {"network_def": NETWORK, "run": ["$__import__('os').system('true')"]}
    folder = a_bundle(tmp_path, config=config)
    code, refused = run("add", str(folder), "--for", "mammography", "--data", str(data))
    assert (code, refused["reason"]["code"]) == (1, "bundle-wants-code")
    assert "run::0: .system() in $__import__('os').system('true')" in refused["reason"]["en"]
    assert "breast_masses" not in states(data)
    code, refused = run("add", str(folder), "--for", "knee_mri", "--data", str(data))
    assert (code, refused["reason"]["code"]) == (1, "slot-unknown")


def test_what_is_evaluated_is_on_record_for_exactly_these_weights(data: Path, tmp_path: Path) -> None:
    def evaluations() -> list[int]:
        _, listed = run("list", "--data", str(data))
        return [row["evaluations"] for row in listed["models"] if row["name"] == "lung_nodule_ct"]

    (before,) = evaluations()
    patches = tmp_path / "patches.npz"
    chance = np.random.default_rng(1)
    np.savez(
        patches,
        patches=chance.integers(0, 255, (30, 64, 64)).astype(np.uint8),
        is_nodule=np.arange(30) % 2 == 0,
    )
    code, figures = run("evaluate", "lung_nodule_ct", "--patches", str(patches), "--data", str(data))
    assert code == 0 and {"auc", "n", "n_nodules"} <= set(figures)
    assert evaluations() == [before + 1]


def test_without_an_installation_the_shipped_models_are_listed(tmp_path: Path) -> None:
    code, listed = run("list", "--data", str(tmp_path / "nothing"))
    assert code == 0
    assert {row["name"]: row["state"] for row in listed["models"]} == {
        "lung_nodule_ct": "active",
        "mammography": "active",
    }
    code, refused = run("promote", "mammography", "1", "--data", str(tmp_path / "nothing"))
    assert (code, refused["reason"]["code"]) == (1, "nothing-recorded")
    assert not (tmp_path / "nothing").exists()
