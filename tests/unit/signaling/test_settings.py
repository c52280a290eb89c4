"""What the relay refuses to start with."""

from datetime import timedelta
from pathlib import Path

import pytest

from signaling.errors import BadSettings
from signaling.janus.settings import JanusSettings
from signaling.main import Settings

GOOD = {
    "TELECONSULT_JOIN_SECRET": "0123456789abcdef",
    "TELECONSULT_ALLOWED_ORIGINS": "http://localhost:8080 https://a.example",
}
JANUS = {"TELECONSULT_MEDIA_ENGINE": "janus", "TELECONSULT_JANUS_URL": "ws://127.0.0.1:8188/"}


def test_good_settings_are_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file, long enough\n")
    settings = Settings.from_environment({**GOOD, "TELECONSULT_JOIN_SECRET_FILE": str(secret)})
    assert settings.join_secret == "from the file, long enough"
    assert settings.allowed_origins == ("http://localhost:8080", "https://a.example")
    assert settings.host == "127.0.0.1"
    assert settings.media_port == settings.port
    assert settings.ice_tcp_port is None


def test_the_packet_core_can_be_chosen() -> None:
    assert Settings.from_environment({**GOOD, "TELECONSULT_PACKET_CORE": "python"}).packet_core == "python"
    assert Settings.from_environment(GOOD).packet_core == "c", "set-up compiles it"


def test_the_port_of_media_can_be_another() -> None:
    assert Settings.from_environment({**GOOD, "TELECONSULT_MEDIA_PORT": "40000"}).media_port == 40_000


def test_marks_are_read_and_have_defaults() -> None:
    assert Settings.from_environment(GOOD).marks == (46, 34)
    assert Settings.from_environment({**GOOD, "TELECONSULT_MEDIA_DSCP": "0 10"}).marks == (0, 10)


def test_turn_servers_are_told_with_the_secret_from_its_file(tmp_path: Path) -> None:
    assert Settings.from_environment(GOOD).turn.uris == ()
    secret = tmp_path / "secret"
    secret.write_text("shared with coturn\n")
    turn = Settings.from_environment(
        {
            **GOOD,
            "TELECONSULT_TURN_URLS": "turn:t.example?transport=tcp turns:t.example:443",
            "TELECONSULT_TURN_SECRET_FILE": str(secret),
            "TELECONSULT_TURN_LIFETIME_S": "600",
        }
    ).turn
    assert [uri.port for uri in turn.uris] == [3478, 443]
    assert (turn.secret, turn.lifetime) == ("shared with coturn", timedelta(minutes=10))


def test_janus_can_carry_the_media(tmp_path: Path) -> None:
    assert Settings.from_environment(GOOD).janus is None
    secret = tmp_path / "secret"
    secret.write_text("of janus\n")
    chosen = Settings.from_environment({**GOOD, **JANUS, "TELECONSULT_JANUS_SECRET_FILE": str(secret)})
    assert chosen.janus == JanusSettings("ws://127.0.0.1:8188/", "of janus")


@pytest.mark.parametrize(
    "change",
    [
        {"TELECONSULT_JOIN_SECRET": "short"},
        {"TELECONSULT_JOIN_SECRET_FILE": "/does/not/exist"},
        {"TELECONSULT_ALLOWED_ORIGINS": ""},
        {"TELECONSULT_ALLOWED_ORIGINS": "*"},
        {"TELECONSULT_ALLOWED_ORIGINS": "http://a.example/path"},
        {"TELECONSULT_RELAY_PORT": "eighty"},
        {"TELECONSULT_MEDIA_PORT": "many"},
        {"TELECONSULT_PACKET_CORE": "rust"},
        {"TELECONSULT_PUBLIC_ADDRESS": "relay.example"},
        {"TELECONSULT_ICE_TCP_PORT": "443/tcp"},
        {"TELECONSULT_MEDIA_DSCP": "46"},
        {"TELECONSULT_MEDIA_DSCP": "46 64"},
        {"TELECONSULT_MEDIA_DSCP": "EF AF41"},
        {"TELECONSULT_TURN_URLS": "turn:t.example"},
        {"TELECONSULT_TURN_URLS": "stun:t.example", "TELECONSULT_TURN_SECRET_FILE": "/does/not/exist"},
        {"TELECONSULT_TURN_LIFETIME_S": "a day"},
        {"TELECONSULT_MEDIA_ENGINE": "another"},
        {"TELECONSULT_MEDIA_ENGINE": "janus"},
        {**JANUS, "TELECONSULT_JANUS_URL": "http://127.0.0.1:8088/janus"},
        {**JANUS, "TELECONSULT_JANUS_SECRET_FILE": "/does/not/exist"},
    ],
)
def test_unsafe_settings_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(BadSettings):
        Settings.from_environment({**GOOD, **change})
