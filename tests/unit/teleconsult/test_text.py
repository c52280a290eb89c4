"""Text from people and headers."""

from hypothesis import given
from hypothesis import strategies as st

from teleconsult.text import one_line, visible


@given(st.text())
def test_what_is_kept_can_be_stored_anywhere_and_cleaning_again_changes_nothing(text: str) -> None:
    cleaned = visible(text)
    assert "\x00" not in cleaned
    assert cleaned == visible(cleaned)
    cleaned.encode("utf-8")


def test_chinese_accents_and_line_ends_stay() -> None:
    assert visible("右肺结节 é\r\n第二行\t列") == "右肺结节 é\n第二行\t列"


def test_a_name_is_one_line_that_reads_in_the_order_of_its_letters() -> None:
    assert one_line('a"b\r\nSet-Cookie: c=1\u2028\x0bd') == 'a"b Set-Cookie: c=1 d'
    assert one_line("scan\u202egpj.exe") == "scangpj.exe"
    assert one_line("ئۇيغۇر\u200dچە 王") == "ئۇيغۇر\u200dچە 王"
