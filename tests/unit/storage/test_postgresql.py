from datetime import UTC, datetime, timedelta

import pytest
from pg8000 import dbapi
from pg8000.converters import string_array_in, timestamptz_in

from storage.postgresql import array, numbered, timestamp


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "SELECT a FROM b WHERE a = %s::VARCHAR AND c LIKE '%%' || %s || '%%' -- what of %s",
        "SELECT 'it''s %s', E'\\'%s', \"%s\", $$%s$$ FROM a WHERE b = %s",
    ],
)
def test_a_query_is_numbered_as_the_driver_numbers_it_the_second_time_too(query: str) -> None:
    values = ("one", "two", "three")
    for _ in range(2):
        assert numbered("format", query, values) == dbapi.convert_paramstyle("format", query, values)


def test_parameters_by_name_keep_their_values_in_the_order_of_the_query() -> None:
    for values in ({"a": 1, "b": 2}, {"a": 3, "b": 4}):
        query, in_order = numbered("named", "SELECT :b, :a, :b", values)  # type: ignore[arg-type]
        assert (query, tuple(in_order)) == ("SELECT $1, $2, $1", (values["b"], values["a"]))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28 06:24:08+00",
        "2026-11-28 06:24:08.1+00",
        "2026-11-28 06:24:08.123456+05:30",
        "infinity",
        "0044-03-15 12:00:00+00 BC",
        "294276-12-31 23:59:59+00",
    ],
)
def test_a_time_stamp_is_read_as_the_driver_reads_it(text: str) -> None:
    assert timestamp(text) == timestamptz_in(text)


def test_a_time_stamp_keeps_its_offset() -> None:
    at = timestamp("2026-11-28 14:24:08.5+08")
    assert at == datetime(2026, 11, 28, 6, 24, 8, 500_000, UTC)
    assert at.utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["", " ", "1.2.826.0.1", "NULL", "王伟", "two words", "a\tb\nc"],
        ['"', "\\", '\\"', "{", "}", ",", '","', "'", "$1", "%s"],
    ],
)
def test_a_list_of_words_comes_back_from_its_literal(words: list[str]) -> None:
    assert string_array_in(array(words)) == words


def test_a_list_of_anything_else_is_written_as_the_driver_writes_it() -> None:
    assert array([1, None, "a"]) == "{1,NULL,a}"
    assert array([["a", "b"], ["c", "d"]]) == "{{a,b},{c,d}}"
