"""What an operator may enter for the receiver of the audit log."""

from pathlib import Path

import pytest

from teleconsult.audit.syslog_receiver import SyslogReceiver, frame
from tests.own_certificate import own_certificate


def given(folder: Path, **changed: str) -> dict[str, str]:
    certificate, _ = own_certificate(folder, "127.0.0.1")
    return {"TELECONSULT_SYSLOG": "audit.example", "TELECONSULT_SYSLOG_CA": str(certificate), **changed}


def test_without_a_receiver_nothing_goes_out() -> None:
    assert SyslogReceiver.from_environment({}) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [("audit.example", "audit.example:6514"), ("10.0.0.7:65", "10.0.0.7:65"), ("[fd00::7]:1", "fd00::7:1")],
)
def test_the_port_is_that_of_syslog_over_tls_unless_said(tmp_path: Path, text: str, name: str) -> None:
    receiver = SyslogReceiver.from_environment(given(tmp_path, TELECONSULT_SYSLOG=text))
    assert receiver and receiver.name == name


@pytest.mark.parametrize(
    "wrong",
    [
        {"TELECONSULT_SYSLOG": "udp://audit.example"},
        {"TELECONSULT_SYSLOG": "audit.example:many"},
        {"TELECONSULT_SYSLOG": "me@audit.example"},
        {"TELECONSULT_SYSLOG": "audit..example"},
        {"TELECONSULT_SYSLOG_CA": ""},
        {"TELECONSULT_SYSLOG_CA": "/nowhere.pem"},
        {"TELECONSULT_SYSLOG_CA": __file__},
        {"TELECONSULT_SYSLOG_KEY": __file__},
        {"TELECONSULT_SYSLOG_ALARM_MINUTES": "0"},
    ],
)
def test_what_cannot_work_is_said_at_the_start_with_its_name(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="TELECONSULT_SYSLOG"):
        SyslogReceiver.from_environment(given(tmp_path, **wrong))


def test_a_frame_counts_octets_and_not_letters() -> None:
    assert frame("审") == b"3 \xe5\xae\xa1"
