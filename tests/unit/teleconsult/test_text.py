"""Text from people and headers."""

from hypothesis import given
from hypothesis import strategies as st

from teleconsult.text import visible


@given(st.text())
def test_what_is_kept_can_be_stored_anywhere_and_cleaning_again_changes_nothing(text: str) -> None:
    cleaned = visible(text)
    assert "\x00" not in cleaned
    assert cleaned == visible(cleaned)
    cleaned.encode("utf-8")


def test_chinese_accents_and_line_ends_stay() -> None:
    assert visible("右肺结节 é\r\n第二行\t列") == "右肺结节 é\n第二行\t列"
