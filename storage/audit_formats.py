"""Audit entries as other systems read them: FHIR R4 AuditEvent, and DICOM audit messages in RFC 5424 syslog.

Sources: https://hl7.org/fhir/R4/auditevent.html; DICOM PS3.15 A.5 (the message, event IDs of DCM and the
participants), which IHE ITI-20 calls ATNA; RFC 5424 section 6 and RFC 3881 for the codes of actions.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element, SubElement, tostring

from storage.audit_chain import AuditEntry, moment

# What an action is, by how its name begins or ends: DCM code, display, action (CRUDE), in this order.
_EVENTS: Final[tuple[tuple[tuple[str, ...], tuple[str, str, str]], ...]] = (
    (("sign-in", "proof", "session", "password"), ("110114", "User Authentication", "E")),
    (("refused",), ("110113", "Security Alert", "E")),
    (("member", "archive-added", "archive-removed", "audit-log"), ("110113", "Security Alert", "E")),
    (("searched", "archive-searched"), ("110112", "Query", "E")),
    (("viewed", "images-", "history-viewed", "chat-viewed"), ("110103", "DICOM Instances Accessed", "R")),
)
_LEAVES: Final = ("downloaded", "exported", "sent")
_OTHER: Final = ("110110", "Patient Record", "U")
_EXPORT: Final = ("110106", "Export", "R")
FACILITY_SEVERITY: Final = 85  # authpriv (10) * 8 + notice (5): ITI TF-2 3.20
REFUSED_ENDINGS: Final = ("refused", "wrong")  # of actions that did not succeed
OUTCOME_SUCCESS, OUTCOME_MINOR = "0", "4"
BY_ADDRESS: Final = "2"  # an IP address: DICOM PS3.15 A.5.2, and FHIR's network-type


def event_of(action: str) -> tuple[str, str, str]:
    """DCM code, its meaning, and the action's letter."""
    if action.endswith(_LEAVES):
        return _EXPORT
    return next((event for starts, event in _EVENTS if action.startswith(starts)), _OTHER)


def is_refused(action: str) -> bool:
    return action.endswith(REFUSED_ENDINGS)


def outcome_of(action: str) -> str:
    return OUTCOME_MINOR if is_refused(action) else OUTCOME_SUCCESS


def fhir_audit_event(entry: AuditEntry, site: str) -> dict[str, Any]:
    """One AuditEvent. `site`: which installation, as its host is called."""
    code, display, letter = event_of(entry.action)
    dcm = "http://dicom.nema.org/resources/ontology/DCM"
    details = [{"type": name, "valueString": str(value)} for name, value in sorted(entry.details.items())]
    details.append({"type": "sha256", "valueString": entry.sha256})
    return {
        "resourceType": "AuditEvent",
        "id": f"audit-{entry.sequence}",
        "type": {"system": dcm, "code": code, "display": display},
        "subtype": [{"system": "urn:teleconsult:audit-action", "code": entry.action}],
        "action": letter,
        "recorded": moment(entry.at),
        "outcome": outcome_of(entry.action),
        "agent": [_agent(entry)],
        "source": {"site": site, "observer": {"display": "Teleconsult"}},
        "entity": [{"what": {"identifier": {"value": entry.subject}}, "detail": details}],
    }


def _agent(entry: AuditEntry) -> dict[str, Any]:
    agent: dict[str, Any] = {"who": {"identifier": {"value": entry.actor}}, "requestor": True}
    if address := entry.details.get("address"):
        agent["network"] = {"address": str(address), "type": BY_ADDRESS}
    return agent


def syslog_message(entry: AuditEntry, site: str) -> str:
    """One line of RFC 5424 whose text is a DICOM audit message; without the frame of a transport.

    An entry that is sent twice has the same `sequenceId` (section 7.3.1) and SHA-256.
    """
    return (
        f"<{FACILITY_SEVERITY}>1 {moment(entry.at)} {_printable(site)} teleconsult - IHE+RFC-3881 "
        f'[meta sequenceId="{entry.sequence}"] \ufeff{dicom_audit_message(entry, site)}'
    )


def dicom_audit_message(entry: AuditEntry, site: str) -> str:
    """The XML of PS3.15 A.5.1."""
    code, display, letter = event_of(entry.action)
    message = Element("AuditMessage")
    event = SubElement(
        message,
        "EventIdentification",
        EventActionCode=letter,
        EventDateTime=moment(entry.at),
        EventOutcomeIndicator=outcome_of(entry.action),
    )
    _coded(event, "EventID", code, "DCM", display)
    _coded(event, "EventTypeCode", entry.action, "Teleconsult", entry.action)
    person = SubElement(message, "ActiveParticipant", UserID=entry.actor, UserIsRequestor="true")
    if address := entry.details.get("address"):
        person.set("NetworkAccessPointID", str(address))
        person.set("NetworkAccessPointTypeCode", BY_ADDRESS)
    source = SubElement(message, "AuditSourceIdentification", AuditSourceID=site)
    SubElement(source, "AuditSourceTypeCode", {"csd-code": "4"})  # application server
    kind, _, identifier = entry.subject.partition("/")
    subject = SubElement(
        message,
        "ParticipantObjectIdentification",
        ParticipantObjectID=identifier or kind,
        ParticipantObjectTypeCode="1" if kind == "user" else "2",
        ParticipantObjectTypeCodeRole="11" if kind == "user" else "3",
    )
    if kind == "study":
        _coded(subject, "ParticipantObjectIDTypeCode", "110180", "DCM", "Study Instance UID")
    else:
        _coded(subject, "ParticipantObjectIDTypeCode", kind, "Teleconsult", kind)
    digest = b64encode(bytes.fromhex(entry.sha256)).decode()
    SubElement(subject, "ParticipantObjectDetail", type="sha256", value=digest)
    return tostring(message, encoding="unicode")


def _coded(parent: Element, name: str, code: str, system: str, text: str) -> None:
    coded: Mapping[str, str] = {"csd-code": code, "codeSystemName": system, "originalText": text}
    SubElement(parent, name, dict(coded))


def _printable(host: str) -> str:
    """A HOSTNAME of RFC 5424: printable ASCII without spaces, or "-"."""
    return "".join(one for one in host if "!" <= one <= "~")[:255] or "-"
