"""Encrypted streams on every object store: what is read back, and what is found out."""

import pytest

from storage.errors import StreamDamaged
from storage.object_store import ObjectStore
from storage.sealed_stream import SealedStream, master_key, new_key, unwrap_key, wrap_key

PIECES = [b"one", b"", b"three" * 1_000]


def a_stream(store: ObjectStore, key: bytes, prefix: str = "recordings/r/0001") -> SealedStream:
    return SealedStream(store, key, prefix)


def changed(store: ObjectStore, key: str, content: bytes) -> None:
    store.delete(key)
    store.put(key, content)


def test_what_was_appended_is_read_and_is_not_in_the_store_as_it_is(store: ObjectStore) -> None:
    key = new_key()
    stream = a_stream(store, key)
    for piece in PIECES:
        stream.append(piece)
    stream.append(b"end", is_last=True)
    assert list(a_stream(store, key).read(at_least=4)) == [*PIECES, b"end"]
    assert all(b"three" not in store.get(name) for name in store.keys("recordings/r/"))


def test_a_stream_that_broke_off_is_read_to_where_it_broke_off(store: ObjectStore) -> None:
    key = new_key()
    stream = a_stream(store, key)
    for piece in PIECES:
        stream.append(piece)
    assert list(a_stream(store, key).read()) == PIECES


@pytest.mark.parametrize("how", ["changed", "moved", "of another stream", "lost", "cut short"])
def test_what_was_tampered_with_is_found_out(store: ObjectStore, how: str) -> None:
    key = new_key()
    stream, other = a_stream(store, key), a_stream(store, key, "recordings/s/0001")
    for piece in PIECES:
        stream.append(piece)
        other.append(piece)
    first, second, third = store.keys("recordings/r/")
    match how:
        case "changed":
            content = bytearray(store.get(second))
            content[-1] ^= 1
            changed(store, second, bytes(content))
        case "moved":
            one, two = store.get(first), store.get(second)
            changed(store, first, two)
            changed(store, second, one)
        case "of another stream":
            changed(store, second, store.get(store.keys("recordings/s/")[1]))
        case "lost":
            store.delete(second)
        case "cut short":
            changed(store, second, b"\x01" + store.get(second)[1:])
    with pytest.raises(StreamDamaged):
        list(a_stream(store, key).read(at_least=3))
    assert third in store.keys("recordings/r/")


def test_the_same_piece_may_be_appended_again_and_another_in_its_place_may_not(store: ObjectStore) -> None:
    key = new_key()
    a_stream(store, key).append(b"one")
    again = a_stream(store, key)
    again.append(b"one")
    assert again.pieces == 1
    with pytest.raises(Exception, match="0000000"):
        a_stream(store, key).append(b"two")
    assert list(a_stream(store, key).read()) == [b"one"]


def test_the_key_of_a_stream_is_good_with_its_name_and_the_master_only() -> None:
    master, key = master_key("m" * 40), new_key()
    wrapped = wrap_key(master, key, "r")
    assert unwrap_key(master, wrapped, "r") == key and key not in wrapped
    for other_master, name in ((master_key("n" * 40), "r"), (master, "s")):
        with pytest.raises(StreamDamaged):
            unwrap_key(other_master, wrapped, name)
