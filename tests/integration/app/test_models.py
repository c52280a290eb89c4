"""Bundles of others: taken in whole or not at all, and the steps until one reads. On both real databases."""

import errno
import json
import os
import random
import shutil
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import torch
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from imaging.reasons import Reason
from inference.bundle import Pinned, load_bundle
from inference.bundle_adding import Trial, add_bundle, examine
from inference.bundle_network import build_parts
from inference.bundle_trial import try_bundle
from inference.bundle_trial_process import load_once
from inference.errors import BundleError, ModelSuspended, UnknownModel
from inference.model_registry import ModelRegistry
from inference.model_version import TRANSITIONS, Event, ModelVersion, State, slot_of
from storage import audit_log
from storage.database import Database
from storage.tables import model_versions
from tests.bundle_builders import NETWORK, a_bundle, a_network, zipped
from tests.databases import new_sqlite

MODELS = Path(__file__).resolve().parents[3] / "models"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SLOT = "mammography"


def believed(_folder: Path, _pinned: Pinned) -> Reason | None:
    """A trial that takes no time, for tests of everything else."""
    return None


@pytest.fixture
def registry(database: Database, tmp_path: Path) -> ModelRegistry:
    registry = ModelRegistry(database, MODELS, tmp_path / "data" / "models")
    with database.transaction() as connection:
        registry.enter_shipped(connection, NOON)
    return registry


def add(
    registry: ModelRegistry, database: Database, source: Path, *, trial: Trial = believed, **leave: bool
) -> ModelVersion:
    return add_bundle(registry, database, source, SLOT, by="u1", at=NOON, trial=trial, **leave)


def evaluated(registry: ModelRegistry, database: Database, version: ModelVersion) -> None:
    with database.transaction() as connection:
        registry.record_evaluation(
            connection,
            version.name,
            version.version,
            weights_sha256=version.weights_sha256,
            subject="phantoms",
            figures={"auc": 0.9},
            by="u1",
            at=NOON,
        )


def promoted(registry: ModelRegistry, database: Database, version: ModelVersion, hour: int = 0) -> None:
    with database.transaction() as connection:
        registry.promote(connection, version.name, version.version, by="u1", at=NOON + timedelta(hours=hour))


def states(database: Database) -> dict[str, str]:
    with database.reading() as connection:
        rows = connection.execute(select(model_versions).where(model_versions.c.slot == SLOT))
        return {f"{row.name} {row.version}": row.state for row in rows}


def code_of(error: pytest.ExceptionInfo[BundleError]) -> str:
    assert error.value.reason is not None
    assert error.value.reason.zh
    return error.value.reason.code


def assert_nothing_added(registry: ModelRegistry, database: Database) -> None:
    assert [path for path in registry.added_folder.rglob("*") if path.is_file()] == []
    assert list(states(database)) == ["mammography " + load_bundle(MODELS / SLOT).version]


# Taking in


def test_a_bundle_from_a_folder_or_a_zip_is_a_candidate_with_its_files_and_digests(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    first = add(registry, database, a_bundle(tmp_path))
    assert (first.name, first.version, first.state) == ("breast_masses", "0.3.1", State.CANDIDATE)
    assert (first.licence, first.licence_accepted_by, first.trusted_by) == ("Apache-2.0", None, None)
    assert registry.bundle_of(first).weights_sha256 == first.weights_sha256
    for n, top in enumerate((None, "breast_masses")):
        folder = a_bundle(tmp_path / str(n), version=f"0.4.{n}")
        version = add(registry, database, zipped(folder, tmp_path / f"breast_masses_v0.4.{n}.zip", top=top))
        assert (version.name, version.version) == ("breast_masses", f"0.4.{n}")
    with database.reading() as connection:
        assert audit_log.verify(connection) >= 3


def test_a_whole_bundle_passes_its_trial_in_a_process_of_its_own(tmp_path: Path) -> None:
    folder = a_bundle(tmp_path)
    assert try_bundle(folder, examine(folder, "breast_masses").pinned) is None


def test_a_network_without_end_ends_its_own_process_alone(tmp_path: Path) -> None:
    folder = a_bundle(tmp_path, config={"network_def": {**NETWORK, "features": [10**6] * 6}})
    refusal = try_bundle(folder, examine(folder, "breast_masses").pinned)
    assert refusal is not None and refusal.code in ("network-not-described", "trial-failed")


def test_a_bundle_with_yaml_and_a_checkpoint_that_holds_more_is_taken_in(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    folder = a_bundle(tmp_path, state={"model": a_network().state_dict(), "epoch": 7})
    config = folder / "configs" / "inference.json"
    config.with_suffix(".yaml").write_text(config.read_text())
    config.unlink()
    assert add(registry, database, folder, trial=load_once).state is State.CANDIDATE


def test_the_same_version_is_not_taken_in_twice(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    folder = a_bundle(tmp_path)
    first = add(registry, database, folder)
    (folder / "docs" / "README.md").write_text("changed")
    with pytest.raises(BundleError) as error:
        add(registry, database, folder)
    assert code_of(error) == "version-exists"
    assert registry.bundle_of(first)


def test_what_an_attempt_that_was_cut_off_left_behind_does_not_matter(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    left = registry.added_folder / "breast_masses" / "0.3.1"
    left.mkdir(parents=True)
    (left / "half").write_text("")
    version = add(registry, database, a_bundle(tmp_path))
    assert not (registry.folder_of(version) / "half").exists()


def _write(name: str, text: str) -> Any:
    return lambda folder: (folder / name).write_text(text)


def _remove(name: str) -> Any:
    return lambda folder: (folder / name).unlink()


def _weights(change: Any) -> Any:
    return lambda folder: torch.save(change(), folder / "models" / "model.pt")


class Payload:
    """What a pickle must not bring along."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, ("touch pickle-ran",))


def _not_finite() -> dict[str, torch.Tensor]:
    state = a_network().state_dict()
    next(iter(state.values())).view(-1)[0] = float("nan")
    return state


def _less() -> dict[str, torch.Tensor]:
    state = a_network().state_dict()
    state.pop(next(iter(state)))
    return state


def _other_digest(folder: Path) -> None:
    path = folder / "configs" / "metadata.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "weights_sha256": "0" * 64}))


def _link(folder: Path) -> None:
    (folder / "docs" / "passwd").symlink_to("/etc/passwd")


def _program(folder: Path) -> None:
    torch.jit.script(torch.nn.Linear(1, 1)).save(str(folder / "models" / "model.pt"))  # type: ignore[no-untyped-call]


def _inflating(folder: Path) -> None:
    with zipfile.ZipFile(folder / "models" / "model.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\0" * 50_000_000)


def _config(**parts: Any) -> Any:
    return _write("configs/inference.json", json.dumps({"network_def": NETWORK, **parts}))


BROKEN = {
    "metadata missing": (_remove("configs/metadata.json"), "bundle-file-unreadable"),
    "metadata broken": (_write("configs/metadata.json", "{"), "bundle-not-json"),
    "metadata deep": (_write("configs/metadata.json", "[" * 100_000), "bundle-not-json"),
    "metadata a list": (_write("configs/metadata.json", "[]"), "bundle-metadata-lacks"),
    "no version": (_write("configs/metadata.json", "{}"), "bundle-bad-version"),
    "version climbs": (_write("configs/metadata.json", '{"version": "../../x"}'), "bundle-bad-version"),
    "version endless": (
        _write("configs/metadata.json", '{"version": "1' + "0" * 1000 + '"}'),
        "bundle-bad-version",
    ),
    "config missing": (_remove("configs/inference.json"), "bundle-lacks-file"),
    "config broken": (_write("configs/inference.json", "{"), "bundle-config-unreadable"),
    "weights missing": (_remove("models/model.pt"), "bundle-lacks-file"),
    "weights outside": (
        _write("configs/metadata.json", '{"version": "1", "weights_file": "../../../etc/passwd"}'),
        "bundle-weights-outside",
    ),
    "weights not torch": (_write("models/model.pt", "no weights"), "weights-unreadable"),
    "weights cut": (
        lambda folder: os.truncate(folder / "models" / "model.pt", 2_000),
        "weights-unreadable",
    ),
    "weights inflate": (_inflating, "weights-unreadable"),
    "weights NaN": (_weights(_not_finite), "weights-not-finite"),
    "weights of another network": (_weights(_less), "weights-do-not-fit"),
    "weights a number": (_weights(lambda: 7), "weights-not-tensors"),
    "weights that call": (_weights(lambda: {"a": Payload()}), "weights-more-than-weights"),
    "weights a program": (_program, "bundle-torchscript"),
    "other digest": (_other_digest, "bundle-weights-digest"),
    "a link": (_link, "bundle-unsafe-path"),
    "no licence": (_remove("LICENSE"), "bundle-licence"),
    "licence not for everybody": (_write("LICENSE", "For non-commercial use only"), "bundle-licence"),
    "code in a target": (_config(x={"_target_": "os.system", "command": "true"}), "bundle-wants-code"),
    "code in an expression": (_config(x="$__import__('os').system('touch ran')"), "bundle-wants-code"),
    "code imported": (_config(imports=["$import subprocess"]), "bundle-wants-code"),
    "code of its own": (_config(x={"_target_": "scripts.net.Net"}), "bundle-wants-code"),
    "code by a reader": (_config(x={"_target_": "LoadImaged", "reader": "os.system"}), "bundle-wants-code"),
    "a network of the evaluator": (
        _config(network_def={"_target_": "SupervisedEvaluator"}),
        "network-not-described",
    ),
    "a network that cannot be": (
        _config(network_def={**NETWORK, "features": "many"}),
        "network-not-described",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_bundle_is_refused_with_a_sentence_and_nothing_is_added(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = new_sqlite(tmp_path / "one.db")
    registry = ModelRegistry(database, MODELS, tmp_path / "data" / "models")
    with database.transaction() as connection:
        registry.enter_shipped(connection, NOON)
    break_it, expected = BROKEN[what]
    folder = a_bundle(tmp_path)
    break_it(folder)
    with pytest.raises(BundleError) as error:
        add(registry, database, folder, trial=load_once)
    assert code_of(error) == expected
    assert_nothing_added(registry, database)
    assert not (tmp_path / "pickle-ran").exists() and not (tmp_path / "ran").exists()
    database.close()


def _zip(target: Path, entries: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(target, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return target


def _claims(target: Path) -> Path:
    """A zip whose end record claims a directory of a gigabyte."""
    content = bytearray(_zip(target, {"a": b""}).read_bytes())
    at = content.rfind(b"PK\x05\x06")
    struct.pack_into("<L", content, at + 12, 1024**3)
    target.write_bytes(content)
    return target


def _symlink(target: Path) -> Path:
    entry = zipfile.ZipInfo("configs/metadata.json")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    return target


ZIPS = {
    "no zip": (lambda t: (t.write_text("no zip"), t)[1], {"bundle-not-there"}),
    "cut": (
        lambda t: (t.write_bytes(_zip(t, {"a": b"x" * 999}).read_bytes()[:-30]), t)[1],
        {"bundle-not-there"},
    ),
    "climbs": (lambda t: _zip(t, {"../../evil": b"x"}), {"bundle-unsafe-path"}),
    "climbs by backslash": (lambda t: _zip(t, {"..\\..\\evil": b"x"}), {"bundle-unsafe-path"}),
    "absolute": (lambda t: _zip(t, {"/tmp/evil": b"x"}), {"bundle-unsafe-path"}),
    "a link": (_symlink, {"bundle-unsafe-path"}),
    "unfolds to more than allowed": (
        lambda t: _zip(t, {f"{n}": b"\0" * 10**6 for n in range(9)}, zipfile.ZIP_DEFLATED),
        {"bundle-too-large"},
    ),
    "too many files": (lambda t: _zip(t, {str(n): b"" for n in range(60)}), {"bundle-too-large"}),
    "a directory of a gigabyte": (_claims, {"bundle-too-large", "bundle-zip-damaged"}),
    "long names": (lambda t: _zip(t, {"n" * 10_000: b""}), {"bundle-unsafe-path"}),
    "two folders": (lambda t: _zip(t, {"a/x": b"", "b/x": b""}), {"bundle-several-folders"}),
    "encrypted or odd method": (lambda t: _odd(t), {"bundle-zip-damaged"}),
}


def _odd(target: Path) -> Path:
    content = bytearray(_zip(target, {"a": b"xyz"}).read_bytes())
    struct.pack_into("<H", content, content.find(b"PK\x01\x02") + 10, 99)
    target.write_bytes(content)
    return target


@pytest.mark.parametrize("what", ZIPS)
def test_a_zip_that_means_harm_is_refused_and_writes_nothing_elsewhere(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.bundle_source.MAX_BYTES", 5 * 10**6)
    monkeypatch.setattr("inference.bundle_source.MAX_FILES", 50)
    database = new_sqlite(tmp_path / "one.db")
    registry = ModelRegistry(database, MODELS, tmp_path / "data" / "models")
    make, expected = ZIPS[what]
    source = make(tmp_path / "breast_masses.zip")
    before = {path for path in tmp_path.rglob("*")}
    with pytest.raises(BundleError) as error:
        add(registry, database, source)
    assert code_of(error) in expected
    assert {path for path in tmp_path.rglob("*")} - before <= {tmp_path / "data", registry.added_folder}
    database.close()


def test_any_damage_to_a_zip_ends_with_a_sentence(tmp_path: Path) -> None:
    database = new_sqlite(tmp_path / "one.db")
    registry = ModelRegistry(database, MODELS, tmp_path / "data" / "models")
    source = zipped(a_bundle(tmp_path), tmp_path / "breast_masses.zip")
    whole, chance = source.read_bytes(), random.Random(1)
    for n in range(60):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 30)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        source.write_bytes(content)
        try:
            version = add(registry, database, source)
        except BundleError as error:
            assert error.reason is not None
        else:
            shutil.rmtree(registry.folder_of(version))
            with database.transaction() as connection:
                connection.execute(model_versions.delete())
        assert list(registry.added_folder.glob(".adding-*")) == [], n
    database.close()


def test_a_full_disk_ends_with_a_sentence_and_leaves_nothing_behind(
    registry: ModelRegistry, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("inference.bundle_source.os.fsync", full)
    with pytest.raises(BundleError) as error:
        add(registry, database, a_bundle(tmp_path))
    monkeypatch.undo()
    assert code_of(error) == "bundle-no-space"
    assert_nothing_added(registry, database)


def test_an_unknown_licence_is_taken_in_when_an_administrator_accepts_it(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    version = add(registry, database, a_bundle(tmp_path, licence=False), accept_licence=True)
    assert (version.licence, version.licence_accepted_by) == (None, "u1")


def test_a_trusted_bundle_may_run_its_own_code_and_only_as_it_was_when_it_was_trusted(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    folder = a_bundle(tmp_path, config={"network_def": {"_target_": "scripts.net.own_net"}})
    (folder / "scripts").mkdir()
    (folder / "scripts" / "__init__.py").write_text("")
    (folder / "scripts" / "net.py").write_text(
        "from monai.networks.nets import BasicUNet\n"
        "def own_net():\n    return BasicUNet(2, 1, 2, features=(4, 4, 4, 4, 4, 4))\n"
    )
    with pytest.raises(BundleError) as error:
        add(registry, database, folder)
    assert code_of(error) == "bundle-wants-code"
    version = add(registry, database, folder, trial=load_once, trust=True)
    assert (version.trusted_by, version.trusted_at) == ("u1", NOON)
    place = registry.folder_of(version)
    build_parts(place, version.name, ("network_def",), is_trusted=True)
    (place / "scripts" / "net.py").write_text("import os\nos.abort()\n")
    with pytest.raises(BundleError) as error:
        registry.bundle_of(version)
    assert code_of(error) == "bundle-changed"


# Steps


def test_the_shipped_model_is_in_charge_until_another_is_promoted(
    registry: ModelRegistry, database: Database
) -> None:
    assert set(states(database).values()) == {State.ACTIVE}
    assert registry.active(SLOT).folder == MODELS / SLOT
    assert registry.resolve(SLOT).name == SLOT


def test_promotion_needs_an_evaluation_of_exactly_these_weights(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    version = add(registry, database, a_bundle(tmp_path))
    with pytest.raises(BundleError) as error:
        promoted(registry, database, version)
    assert code_of(error) == "evaluation-missing"
    with pytest.raises(BundleError) as error, database.transaction() as connection:
        registry.record_evaluation(
            connection,
            version.name,
            version.version,
            weights_sha256="0" * 64,
            subject="others",
            figures={},
            by="u1",
            at=NOON,
        )
    assert code_of(error) == "bundle-weights-digest"
    evaluated(registry, database, version)
    promoted(registry, database, version)
    assert registry.active(SLOT).name == "breast_masses"
    assert sorted(states(database).values()) == [State.ACTIVE, State.RETIRED]


def test_retiring_the_one_in_charge_brings_back_the_one_before_it(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    shipped = registry.active(SLOT).version
    made = [add(registry, database, a_bundle(tmp_path / v, version=v)) for v in ("1.0", "2.0")]
    for hour, version in enumerate(made, start=1):
        evaluated(registry, database, version)
        promoted(registry, database, version, hour)
    for version, back in ((made[1], "1.0"), (made[0], shipped)):
        with database.transaction() as connection:
            former = registry.retire(
                connection, version.name, version.version, by="u1", at=NOON + timedelta(days=1)
            )
        assert former is not None and former.version == back
        assert registry.active(SLOT).version == back


def test_of_two_promotions_at_once_one_version_ends_up_in_charge(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    made = [add(registry, database, a_bundle(tmp_path / v, version=v)) for v in ("1.0", "2.0", "3.0")]
    for version in made:
        evaluated(registry, database, version)
    ready = Barrier(3)

    def promote(version: ModelVersion) -> None:
        ready.wait(30)
        with suppress(DatabaseError):
            promoted(registry, database, version)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(promote, made))
    in_charge = [name for name, state in states(database).items() if state == State.ACTIVE]
    assert len(in_charge) == 1
    assert in_charge[0].startswith("breast_masses")


def test_a_shadow_reads_beside_the_active_one_under_a_name_of_its_own(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    version = add(registry, database, a_bundle(tmp_path))
    with pytest.raises(UnknownModel):
        registry.resolve(version.trial_job_model)
    with database.transaction() as connection:
        registry.shadow(connection, version.name, version.version, by="u1", at=NOON)
        assert [v.version for v in registry.shadows(connection, SLOT)] == ["0.3.1"]
    assert registry.active(SLOT).name == SLOT
    assert registry.resolve(version.trial_job_model).name == "breast_masses"
    assert slot_of(version.trial_job_model) == SLOT
    assert len(version.trial_job_model) <= 64


def test_a_suspended_slot_reads_nothing_until_it_is_resumed_or_another_is_promoted(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    shipped = registry.active(SLOT)
    with database.transaction() as connection:
        registry.suspend(connection, SLOT, shipped.version, "agreement 0.4", by="watch", at=NOON)
    with pytest.raises(ModelSuspended) as error:
        registry.active(SLOT)
    assert error.value.reason.code == "model-suspended-since"
    assert f"{NOON:%Y-%m-%d}" in error.value.reason.en
    with database.transaction() as connection:
        registry.resume(connection, SLOT, shipped.version, by="u1", at=NOON)
    assert registry.active(SLOT).version == shipped.version
    version = add(registry, database, a_bundle(tmp_path))
    evaluated(registry, database, version)
    with database.transaction() as connection:
        registry.suspend(connection, SLOT, shipped.version, "again", by="watch", at=NOON)
    promoted(registry, database, version)
    assert registry.active(SLOT).name == "breast_masses"


def test_weights_that_changed_on_the_disk_do_not_read(
    registry: ModelRegistry, database: Database, tmp_path: Path
) -> None:
    version = add(registry, database, a_bundle(tmp_path))
    evaluated(registry, database, version)
    promoted(registry, database, version)
    weights = registry.folder_of(version) / version.weights_file
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(BundleError):
        registry.active(SLOT)


def test_an_update_of_the_program_brings_its_new_model_into_charge_but_never_over_the_hospitals_own(
    database: Database, tmp_path: Path
) -> None:
    shipped = tmp_path / "shipped"
    shutil.copytree(MODELS / SLOT, shipped / SLOT)
    registry = ModelRegistry(database, shipped, tmp_path / "models")

    def update(version: str) -> None:
        path = shipped / SLOT / "configs" / "metadata.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "version": version}))
        with database.transaction() as connection:
            registry.enter_shipped(connection, NOON)

    update("1.0")
    update("2.0")
    assert states(database) == {"mammography 1.0": "retired", "mammography 2.0": "active"}
    own = add(registry, database, a_bundle(tmp_path))
    evaluated(registry, database, own)
    promoted(registry, database, own)
    update("3.0")
    assert states(database)["mammography 3.0"] == "candidate"
    assert registry.active(SLOT).name == "breast_masses"


def test_every_step_is_in_the_audit_log(registry: ModelRegistry, database: Database, tmp_path: Path) -> None:
    version = add(registry, database, a_bundle(tmp_path))
    evaluated(registry, database, version)
    promoted(registry, database, version)
    with database.reading() as connection:
        own = [e for e in audit_log.entries(connection) if e.subject == "model/breast_masses/0.3.1"]
        assert audit_log.verify(connection)
    assert [(e.action, e.actor) for e in own] == [
        ("model-added", "u1"),
        ("model-evaluated", "u1"),
        ("model-active", "u1"),
    ]


def test_without_a_database_the_shipped_models_read(tmp_path: Path) -> None:
    registry = ModelRegistry(None, MODELS, tmp_path)
    assert registry.active(SLOT).name == SLOT
    with pytest.raises(UnknownModel):
        registry.active("nothing")


REFUSED = [(state, event) for state in State for event in Event if event not in TRANSITIONS[state]]


@pytest.mark.parametrize(("state", "event"), REFUSED)
def test_a_step_that_the_table_lacks_is_refused(state: State, event: Event) -> None:
    from dataclasses import replace

    from inference.model_version import StepNotPossible

    version = replace(_any_version(), state=state)
    with pytest.raises(StepNotPossible):
        version.apply(event, NOON)


def _any_version() -> ModelVersion:
    return ModelVersion(
        "a", "1", SLOT, False, "models/model.pt", "0", "0", None, None, None, None,
        State.CANDIDATE, None, NOON, None, "u1", NOON,
    )  # fmt: skip
