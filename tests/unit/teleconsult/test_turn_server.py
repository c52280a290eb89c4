"""When coturn runs here, where it listens, and whom it may reach."""

from pathlib import Path

import pytest

from signaling.turn_uri import read_uris
from teleconsult.turn_server import TurnUnclear, listening_port, own_turn_uris, turn_configuration

BOTH = "turn:t.example:3479?transport=udp turns:t.example:443"


def test_it_runs_here_only_where_it_is_asked_for_and_the_secret_is_ours() -> None:
    assert own_turn_uris({}) == ()
    asked = {"TELECONSULT_TURN_URLS": "turn:t.example"}
    assert own_turn_uris(asked)
    assert own_turn_uris({**asked, "TELECONSULT_TURN_SECRET_FILE": "/theirs"}) == ()


@pytest.mark.parametrize(
    "urls", ["stun:t.example", "turn:t.example:1 turn:t.example:2", "turns:t.example:443"]
)
def test_what_could_not_be_served_is_refused_with_a_reason(urls: str) -> None:
    with pytest.raises(TurnUnclear, match=r"."):
        own_turn_uris({"TELECONSULT_TURN_URLS": urls})


def test_the_configuration_listens_where_the_pages_look_and_adds_the_relay_alone(tmp_path: Path) -> None:
    uris = read_uris(BOTH)
    text = turn_configuration(uris, "secret", ["10.0.0.5"], tmp_path, ("cert.pem", "key.pem"))
    lines = text.splitlines()
    assert listening_port(uris) == 3479
    assert {"listening-port=3479", "tls-listening-port=443", "cert=cert.pem", "pkey=key.pem"} <= set(lines)
    assert [line for line in lines if line.startswith("allowed-peer-ip")] == ["allowed-peer-ip=10.0.0.5"]
    assert "denied-peer-ip=10.0.0.0-10.255.255.255" in lines and "no-tls" not in lines
    plain = turn_configuration(read_uris("turn:t.example"), "secret", [], tmp_path, ("", ""))
    assert "no-tls" in plain.splitlines()
