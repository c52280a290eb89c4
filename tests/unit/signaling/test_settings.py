"""What the relay refuses to start with."""

from pathlib import Path

import pytest

from signaling.errors import BadSettings
from signaling.main import Settings

GOOD = {
    "TELECONSULT_JOIN_SECRET": "0123456789abcdef",
    "TELECONSULT_ALLOWED_ORIGINS": "http://localhost:8080 https://a.example",
}


def test_good_settings_are_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file, long enough\n")
    settings = Settings.from_environment({**GOOD, "TELECONSULT_JOIN_SECRET_FILE": str(secret)})
    assert settings.join_secret == "from the file, long enough"
    assert settings.allowed_origins == ("http://localhost:8080", "https://a.example")
    assert settings.host == "127.0.0.1"
    assert settings.media_port == settings.port


def test_the_packet_core_can_be_chosen() -> None:
    assert Settings.from_environment({**GOOD, "TELECONSULT_PACKET_CORE": "python"}).packet_core == "python"
    assert Settings.from_environment(GOOD).packet_core == "c", "set-up compiles it"


def test_the_port_of_media_can_be_another() -> None:
    assert Settings.from_environment({**GOOD, "TELECONSULT_MEDIA_PORT": "40000"}).media_port == 40_000


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
    ],
)
def test_unsafe_settings_are_refused(change: dict[str, str]) -> None:
    with pytest.raises(BadSettings):
        Settings.from_environment({**GOOD, **change})
