"""The lite side of ICE, against checks as aioice makes them."""

from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from signaling.relay.ice_lite import IceCredentials, answer_check

OURS = IceCredentials()
PASSWORDS = {OURS.ufrag: OURS.password}
ADDRESS = ("192.0.2.7", 40_000)


def a_check(password: str = OURS.password, ufrag: str = OURS.ufrag, **attributes: object) -> bytes:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{ufrag}:theirs"
    request.attributes["PRIORITY"] = 1
    request.attributes.update({name.replace("_", "-"): value for name, value in attributes.items()})
    request.add_message_integrity(password.encode())
    return bytes(request)


def test_an_authentic_check_is_answered_with_the_address_that_it_came_from() -> None:
    check = answer_check(a_check(ICE_CONTROLLING=1), ADDRESS, PASSWORDS)
    assert check is not None and not check.is_nominated
    answer = stun.parse_message(check.answer)
    assert answer.message_class is stun.Class.RESPONSE
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == ADDRESS
    assert answer.check_message_integrity(OURS.password.encode())


def test_a_nominated_path_is_said() -> None:
    check = answer_check(a_check(USE_CANDIDATE=None, ICE_CONTROLLING=1), ADDRESS, PASSWORDS)
    assert check is not None and check.is_nominated and check.ufrag == OURS.ufrag


def test_a_client_that_waits_for_our_choice_is_told_to_choose() -> None:
    check = answer_check(a_check(ICE_CONTROLLED=1), ADDRESS, PASSWORDS)
    assert check is not None
    assert stun.parse_message(check.answer).error_code == 487


def test_a_check_of_a_stranger_gets_no_answer() -> None:
    assert answer_check(a_check(password="guessed" * 4), ADDRESS, PASSWORDS) is None
    assert answer_check(a_check(ufrag="nobody"), ADDRESS, PASSWORDS) is None
    unsigned = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    assert answer_check(bytes(unsigned), ADDRESS, PASSWORDS) is None


@given(st.binary(max_size=200), st.integers(0, 60), st.integers(0, 255))
def test_no_datagram_raises(tail: bytes, position: int, value: int) -> None:
    answer_check(tail, ADDRESS, PASSWORDS)
    changed = bytearray(a_check(ICE_CONTROLLING=1))
    changed[position % len(changed)] = value
    answer_check(bytes(changed) + tail, ADDRESS, PASSWORDS)


@given(st.integers())
def test_credentials_are_long_enough_and_of_ice_characters(_: int) -> None:
    ours = IceCredentials()
    assert len(ours.ufrag) >= 4 and len(ours.password) >= 22
    assert (ours.ufrag + ours.password).replace("+", "").replace("/", "").isalnum()
