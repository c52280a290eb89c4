"""An installation whose objects are in S3, backed up into S3: a real server, two buckets."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from storage.database import Database
from storage.opening import open_object_store
from teleconsult.backups.target import open_target
from tests.installation_server import REPOSITORY

CONTENT = bytes(range(256)) * 40_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "config.json").write_text('{"inner_ports": {}}')
    database = Database(f"sqlite:///{folder / 'teleconsult.db'}")
    database.migrate()
    database.close()
    (tmp_path / "passphrase").write_text("correct horse battery staple")
    return folder


def teleconsult(data: Path, *arguments: str, objects: str) -> "subprocess.CompletedProcess[str]":
    given = {name: value for name, value in os.environ.items() if not name.startswith("TELECONSULT_")}
    settings = {
        "TELECONSULT_OBJECT_STORE": objects,
        "TELECONSULT_BACKUP_PASSPHRASE_FILE": str(data.parent / "passphrase"),
    }
    return subprocess.run(
        [sys.executable, "-m", "teleconsult.cli", *arguments],
        cwd=REPOSITORY,
        env={**given, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_objects_of_a_bucket_come_back_in_another_from_a_third(s3_url: str, data: Path) -> None:
    objects, target, empty = (f"{s3_url}/test-{uuid4().hex}" for _ in range(3))
    open_object_store(objects).put("recordings/r1.webm", CONTENT)
    made = teleconsult(data, "backup", "--data", str(data), "--to", target, "--verify", objects=objects)
    assert made.returncode == 0, made.stderr
    assert "RPO" in made.stdout
    (name,) = open_target(target).names()
    with open_target(target).reading(name) as source:
        assert CONTENT[:1_000] not in source.read()

    new = str(data.parent / "new")
    refused = teleconsult(data, "restore", name, "--from", target, "--data", new, objects=objects)
    assert refused.returncode == 1 and "TELECONSULT_OBJECT_STORE" in refused.stderr, "its bucket is not empty"
    done = teleconsult(data, "restore", name, "--from", target, "--data", new, objects=empty)
    assert done.returncode == 0, done.stderr
    restored = open_object_store(empty)
    assert restored.keys() == ["recordings/r1.webm"]
    assert restored.get("recordings/r1.webm") == CONTENT


def test_a_bucket_that_refuses_or_does_not_answer_gets_a_sentence_without_its_secret(
    s3_url: str, data: Path
) -> None:
    scheme, _, rest = s3_url.partition("://")
    keys, _, host = rest.partition("@")
    key = keys.partition(":")[0]
    objects = str(data / "objects")
    for target in (f"{scheme}://{key}:wrong-secret@{host}/test-x", f"{scheme}://{keys}@127.0.0.1:1/test-x"):
        said = teleconsult(data, "backup", "--data", str(data), "--to", target, objects=objects)
        assert said.returncode == 1
        assert "Traceback" not in said.stderr and "对象存储" in said.stderr
        assert "wrong-secret" not in said.stderr and keys not in said.stderr
