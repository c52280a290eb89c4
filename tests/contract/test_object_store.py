"""What every ObjectStore keeps to. The S3 half runs where TELECONSULT_TEST_S3 names a server."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.errors import InvalidKey, ObjectAlreadyStored, ObjectMissing
from storage.local_files import LocalFiles
from storage.object_store import ObjectStore, check_key
from storage.s3 import S3Objects


@pytest.fixture(params=["local folder", "S3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    if request.param == "local folder":
        yield LocalFiles(tmp_path / "objects")
        return
    server = os.environ.get("TELECONSULT_TEST_S3")
    if not server:
        pytest.skip("no S3 server: TELECONSULT_TEST_S3=s3+http://KEY:SECRET@host:port names one")
    yield S3Objects.from_url(f"{server}/test-{uuid4().hex}")


def test_what_was_put_is_got_back_byte_for_byte(store: ObjectStore) -> None:
    content = bytes(range(256)) * 1000
    store.put("reports/a/b.pdf", content, "application/pdf")
    assert store.get("reports/a/b.pdf") == content


def test_an_object_is_never_overwritten(store: ObjectStore) -> None:
    store.put("one", b"first")
    with pytest.raises(ObjectAlreadyStored):
        store.put("one", b"second")
    assert store.get("one") == b"first"


def test_a_missing_object_is_an_error_and_deleting_it_is_not(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissing):
        store.get("nothing/here")
    store.delete("nothing-here")


def test_keys_are_listed_by_prefix_in_order(store: ObjectStore) -> None:
    for key in ("b/2", "a/1", "b/1"):
        store.put(key, b"x")
    assert store.keys("b/") == ["b/1", "b/2"]
    store.delete("b/1")
    assert store.keys() == ["a/1", "b/2"]


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/.hidden", "a\\b", "a b", "x" * 201, "a/"]
)
def test_a_key_that_could_leave_the_store_is_refused(store: ObjectStore, key: str) -> None:
    for attempt in (lambda: store.put(key, b""), lambda: store.get(key), lambda: store.delete(key)):
        with pytest.raises(InvalidKey):
            attempt()


@settings(max_examples=300)
@given(st.text(max_size=60))
def test_a_key_that_passes_stays_inside_any_folder(key: str) -> None:
    try:
        check_key(key)
    except InvalidKey:
        return
    root = Path("/srv/objects")
    assert os.path.normpath(root / key).startswith("/srv/objects/")
