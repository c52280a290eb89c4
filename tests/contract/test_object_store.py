"""What every ObjectStore keeps to: a folder, and a real S3 server."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minio.error import S3Error

from storage.errors import InvalidKey, ObjectAlreadyStored, ObjectMissing
from storage.object_store import ObjectStore, check_key
from storage.s3 import S3Objects
from tests.s3_server import S3Server


def test_what_was_put_is_got_back_byte_for_byte(store: ObjectStore) -> None:
    content = bytes(range(256)) * 1000
    store.put("reports/a/b.pdf", content, "application/pdf")
    assert store.get("reports/a/b.pdf") == content


def test_an_object_is_never_overwritten(store: ObjectStore) -> None:
    store.put("one", b"first")
    with pytest.raises(ObjectAlreadyStored):
        store.put("one", b"second")
    assert store.get("one") == b"first"


def test_of_writers_at_the_same_moment_one_wins(store: ObjectStore) -> None:
    for round_ in range(5):
        ready, key = Barrier(4), f"reports/{round_}"

        def write(writer: int, ready: Barrier = ready, key: str = key) -> bytes | None:
            content = bytes([writer]) * 1000
            ready.wait(30)
            try:
                store.put(key, content)
            except ObjectAlreadyStored:
                return None
            return content

        with ThreadPoolExecutor(4) as pool:
            written = [content for content in pool.map(write, range(4)) if content is not None]
        assert written == [store.get(key)]


def test_a_missing_object_is_an_error_and_deleting_it_is_not(store: ObjectStore) -> None:
    with pytest.raises(ObjectMissing):
        store.get("nothing/here")
    store.delete("nothing-here")


def test_a_store_that_is_there_answers(store: ObjectStore) -> None:
    store.ping()


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


def test_an_s3_server_that_died_at_once_has_all_that_was_put(s3_server: S3Server) -> None:
    bucket = f"test-{uuid4().hex}"
    store = S3Objects.from_url(f"{s3_server.url}/{bucket}")
    for n in range(10):
        store.put(f"reports/{n}", bytes([n]) * 10_000)
    s3_server.kill()
    s3_server.start()
    store = S3Objects.from_url(f"{s3_server.url}/{bucket}")
    assert [store.get(key) for key in store.keys("reports/")] == [bytes([n]) * 10_000 for n in range(10)]


def test_an_s3_server_is_not_opened_with_a_wrong_secret(s3_server: S3Server) -> None:
    S3Objects.from_url(f"{s3_server.url}/open-to-its-owner").put("a", b"x")
    with pytest.raises(S3Error):
        S3Objects(s3_server.endpoint, "open-to-its-owner", s3_server.access_key, "wrong", secure=False)


@settings(max_examples=300)
@given(st.text(max_size=60))
def test_a_key_that_passes_stays_inside_any_folder(key: str) -> None:
    try:
        check_key(key)
    except InvalidKey:
        return
    root = Path("/srv/objects")
    assert os.path.normpath(root / key).startswith("/srv/objects/")
