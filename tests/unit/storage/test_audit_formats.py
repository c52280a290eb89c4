"""Audit entries as FHIR AuditEvents and as DICOM audit messages in syslog."""

import re
from base64 import b64decode
from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

import pytest

from storage.audit_chain import AuditEntry
from storage.audit_formats import event_of, fhir_audit_event, syslog_message


def entry(action: str = "viewed", subject: str = "study/1.2.3") -> AuditEntry:
    at = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
    return AuditEntry(7, at, "u1", action, subject, {"what": "read_study"}, "0" * 64, "a" * 64)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("viewed", "110103"),
        ("searched", "110112"),
        ("sign-in", "110114"),
        ("refused", "110113"),
        ("study-downloaded", "110106"),
        ("history-exported", "110106"),
        ("report-signed", "110110"),
    ],
)
def test_an_action_is_an_event_of_dicom(action: str, code: str) -> None:
    assert event_of(action)[0] == code


def test_an_audit_event_has_what_fhir_requires() -> None:
    event = fhir_audit_event(entry(), "host")
    for name in ("type", "recorded", "agent", "source"):  # cardinality 1..1 and 1..*
        assert event[name]
    assert event["recorded"] == "2026-03-01T12:00:00.000005+00:00"
    assert (event["action"], event["outcome"]) == ("R", "0")
    assert event["agent"][0]["requestor"] is True and event["source"]["observer"]
    assert fhir_audit_event(entry("sign-in-refused"), "host")["outcome"] == "4"


def test_a_syslog_line_is_one_of_rfc_5424_with_the_message_of_dicom() -> None:
    line = syslog_message(entry(subject='study/1.2"<&'), "a host")
    head = r'<85>1 (\S+) ahost teleconsult - IHE\+RFC-3881 \[meta sequenceId="7"\] \ufeff'
    found = re.fullmatch(head + "(<.*>)", line)
    assert found and "\n" not in line
    message = fromstring(found[2])
    assert message.find("EventIdentification/EventID").get("csd-code") == "110103"  # type: ignore[union-attr]
    subject = message.find("ParticipantObjectIdentification")
    assert subject is not None and subject.get("ParticipantObjectID") == '1.2"<&'
    detail = subject.find("ParticipantObjectDetail")
    assert detail is not None and b64decode(detail.get("value", "")).hex() == entry().sha256
    assert message.find("ActiveParticipant").get("UserID") == "u1"  # type: ignore[union-attr]
