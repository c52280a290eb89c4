"""What a page is told of TURN: credentials that end, for one participant, and URIs that a browser can use."""

import hmac
from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest

from signaling.messages import Welcome
from signaling.room import Room
from signaling.room_effects import Send
from signaling.turn import TurnAccess
from signaling.turn_uri import NotATurnUri, read_uris
from tests.unit.signaling.test_room import a_grant

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
TURN = TurnAccess(read_uris("turn:t.example?transport=udp turns:t.example:443"), "secret", timedelta(hours=2))


def test_the_credential_is_the_secrets_word_for_a_name_and_an_end() -> None:
    [server] = TURN.ice_servers("anna", NOON)
    assert server.urls == ("turn:t.example?transport=udp", "turns:t.example:443")
    assert server.username == f"{int((NOON + timedelta(hours=2)).timestamp())}:anna"
    assert b64decode(server.credential) == hmac.digest(b"secret", server.username.encode(), "sha1")


def test_another_participant_and_another_time_have_other_credentials() -> None:
    made = [*TURN.ice_servers("anna", NOON), *TURN.ice_servers("ben", NOON)]
    made += TURN.ice_servers("anna", NOON + timedelta(seconds=1))
    assert len({server.credential for server in made}) == len({server.username for server in made}) == 3


def test_without_a_server_nothing_is_told() -> None:
    assert TurnAccess().ice_servers("anna", NOON) == ()


def test_whoever_is_let_in_is_told_credentials_of_that_moment() -> None:
    room = Room("room", turn=TURN)
    _, effects = room.join(a_grant("anna"), "resume", NOON)
    [welcome] = [e.message for e in effects if isinstance(e, Send) and isinstance(e.message, Welcome)]
    assert welcome.ice_servers == TURN.ice_servers("anna", NOON)


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("", []),
        ("turn:t.example", [3478]),
        ("turns:t.example", [5349]),
        ("turn:10.0.0.5:80?transport=tcp,turns:[fd00::5]:443?transport=tcp", [80, 443]),
    ],
)
def test_uris_are_read_with_their_ports(text: str, ports: list[int]) -> None:
    assert [uri.port for uri in read_uris(text)] == ports


@pytest.mark.parametrize(
    "text",
    [
        "stun:t.example",
        "turn://t.example",
        "turn:t.example:0",
        "turn:t.example:99999",
        "turn:t.example?transport=sctp",
        "turns:t.example?transport=udp",
        "turn:user@t.example",
        " ".join(["turn:t.example"] * 5),
    ],
)
def test_what_a_browser_could_not_use_is_refused(text: str) -> None:
    with pytest.raises(NotATurnUri):
        read_uris(text)
