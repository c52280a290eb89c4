"""Every door of the application, and whom it lets in: one table. A door without a row is not served.

A row says how well the door must know who knocks, which roles it is for, what the address names, who sees
that, and who of those may do it. The rules themselves are those of `access`. A refusal is answered in one
order, the same at every door:

    401  who it is, is not known well enough
    403  the role is not one of the door's
    404  what the address names is not there, or is not theirs to see: nobody can tell which
    403  they see it, and may not do this to it

docs/rights.md is drawn from here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from teleconsult import access
from teleconsult.access import Upkeep
from teleconsult.consults.consult import Consult
from teleconsult.users.user import User

Rule = Callable[[User, Consult], bool]


class Known(StrEnum):
    """How well a door must know who knocks."""

    NOT = "not at all"
    SECRET = "the secret in the address"  # a calendar's
    LINK = "a patient's link"  # and, beyond its first page, the browser that gave its code
    SESSION = "signed in"  # also with a password that is still to be changed
    ACCOUNT = "signed in, own password"  # also without the second factor that the role needs
    USER = "user"


class Named(StrEnum):
    """What the address of a door names."""

    NOTHING = "nothing"
    CONSULT = "a consult"
    STUDY = "a study"  # seen by clinicians of its institution, and by those with whom a consult shares it
    OWN_STUDY = "a study of the own institution"  # others who see it may not do this
    STUDY_HERE = "a study of the own institution alone"  # for others it is not there
    RECORD = "a record of the own institution"
    OWN = "what is the user's own"


def anybody(_: User) -> bool:
    return True


def has_part(user: User, consult: Consult) -> bool:
    return access.part_in(user, consult) is not None


def nobody(_: User, __: Consult) -> bool:
    return False


def everybody(_: User, __: Consult) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Row:
    """One door. `sees` and `may` are asked where it names a consult."""

    names: Named = Named.NOTHING
    known: Known = Known.USER
    is_for: Callable[[User], bool] = anybody
    sees: Rule = has_part
    may: Rule = everybody
    or_author: bool = False  # who made what is named within the consult may, too; of a study's: alone
    fresh: bool = False  # who it is was proved a short while ago


_USER = Row()
_OWN = Row(Named.OWN)
_ACCOUNT = Row(known=Known.ACCOUNT)
_PROVED = Row(known=Known.ACCOUNT, fresh=True)
_LINK = Row(known=Known.LINK)
_STUDY = Row(Named.STUDY)
_STUDY_OUT = Row(Named.STUDY, fresh=True)
_CONSULT = Row(Named.CONSULT)
_CHAT = Row(Named.CONSULT, sees=access.may_chat)
_CONSENTS = Row(Named.CONSULT, sees=access.may_see_consents)
_INVITES = Row(Named.CONSULT, sees=access.may_invite_patient)
_HISTORY = Row(Named.CONSULT, may=access.may_add_history)
_RECORDINGS = Row(Named.CONSULT, sees=access.may_hear_recordings)
_STILLS = Row(Named.CONSULT, sees=access.may_see_stills)
_CRITICAL = Row(Named.CONSULT, sees=access.may_see_critical)
_ROOM = Row(Named.CONSULT, may=access.may_enter_room)
_BOOKS = Row(Named.CONSULT, may=access.may_book)
_PANEL_CHAIR = Row(Named.CONSULT, may=access.may_lead_panel)
_PANEL_SEAT = Row(Named.CONSULT, may=access.may_speak_in_panel)
_MANAGES = Row(is_for=access.may_manage_institution)
_MANAGES_ONE = Row(Named.RECORD, is_for=access.may_manage_institution)
_PROVED_MANAGER = replace(_MANAGES, fresh=True)
_PROVED_MANAGER_OF_ONE = replace(_MANAGES_ONE, fresh=True)
_DEVICES = Row(is_for=access.may_manage_devices)
_DEVICE = Row(Named.RECORD, is_for=access.may_manage_devices)
_FETCHES = Row(is_for=access.may_fetch_studies)
_FETCHES_FROM = Row(Named.RECORD, is_for=access.may_fetch_studies)
_SCHEDULES = Row(is_for=access.may_schedule)
_MODELS = Row(is_for=access.may_manage_models)
_AUDITS = Row(is_for=access.may_read_audit_log)
_UPLOAD = Row(is_for=access.may_upload)


def _keeps_up(upkeep: Upkeep, names: Named = Named.NOTHING) -> Row:
    return Row(names, is_for=partial(access.may_keep_up, upkeep=upkeep))


SIGNING_IN: Mapping[str, Row] = {
    "POST /api/session": Row(known=Known.NOT),
    "POST /api/session/second-step": Row(known=Known.NOT),
    "POST /api/session/passkey": Row(known=Known.NOT),
    "POST /api/session/passkey-challenge": Row(known=Known.NOT),
    "GET /api/session/providers": Row(known=Known.NOT),
    "POST /api/session/provider/{provider_id}": Row(known=Known.NOT),
    "PUT /api/session/provider": Row(known=Known.NOT),
    "DELETE /api/session": Row(known=Known.NOT),
    "GET /api/session": Row(known=Known.SESSION),
    "POST /api/session/proof": Row(known=Known.SESSION),
    "GET /api/session/freshness": Row(known=Known.SESSION, fresh=True),
    "PUT /api/session/password": Row(known=Known.SESSION),
    "PATCH /api/me": Row(known=Known.SESSION),
    "WS /api/events": _USER,
    "GET /api/security": _ACCOUNT,
    "POST /api/security/totp": _PROVED,
    "POST /api/security/totp/confirmation": _PROVED,
    "DELETE /api/security/totp": _PROVED,
    "POST /api/security/recovery-codes": _PROVED,
    "POST /api/security/passkeys/challenge": _PROVED,
    "POST /api/security/passkeys": _PROVED,
    "DELETE /api/security/passkeys/{passkey_id}": replace(_PROVED, names=Named.OWN),
    "DELETE /api/security/sessions/{session_id}": replace(_ACCOUNT, names=Named.OWN),
    "DELETE /api/security/sessions": _ACCOUNT,
}
INSTITUTION: Mapping[str, Row] = {
    "GET /api/members": _MANAGES,
    "POST /api/members": _PROVED_MANAGER,
    "GET /api/members/second-factor-rule": _MANAGES,
    "PUT /api/members/second-factor-rule": _PROVED_MANAGER,
    "PUT /api/members/{user_id}": _PROVED_MANAGER_OF_ONE,
    "POST /api/members/{user_id}/disable": _PROVED_MANAGER_OF_ONE,
    "POST /api/members/{user_id}/enable": _PROVED_MANAGER_OF_ONE,
    "POST /api/members/{user_id}/one-time-password": _PROVED_MANAGER_OF_ONE,
    "POST /api/members/{user_id}/second-factor/reset": _PROVED_MANAGER_OF_ONE,
    "GET /api/agreements": Row(is_for=access.may_see_agreements),
    "GET /api/agreements/reach": _USER,
    "POST /api/agreements": _MANAGES,
    "POST /api/agreements/{agreement_id}/acceptance": _MANAGES_ONE,
    "POST /api/agreements/{agreement_id}/end": _MANAGES_ONE,
    "GET /api/report-templates": Row(is_for=access.may_see_report_templates),
    "GET /api/report-templates/{template_id}": Row(Named.RECORD, is_for=access.may_see_report_templates),
    "POST /api/report-templates": _MANAGES,
    "POST /api/report-templates/mrrt-readings": _MANAGES,
    "POST /api/report-templates/{template_id}/versions": _MANAGES_ONE,
    "PUT /api/report-templates/{template_id}/retirement": _MANAGES_ONE,
    "GET /api/dicom-peers": _DEVICES,
    "POST /api/dicom-peers": _DEVICES,
    "DELETE /api/dicom-peers/{peer_id}": _DEVICE,
    "POST /api/dicom-peers/{peer_id}/echo": _DEVICE,
    "GET /api/archives": Row(is_for=access.may_see_archives),
    "POST /api/archives": _DEVICES,
    "PUT /api/archives/{archive_id}": _DEVICE,
    "DELETE /api/archives/{archive_id}": _DEVICE,
    "POST /api/archives/{archive_id}/test": _DEVICE,
    "POST /api/archives/{archive_id}/search": _FETCHES_FROM,
    "POST /api/archives/{archive_id}/retrievals": _FETCHES_FROM,
    "GET /api/archives/retrievals": _FETCHES,
    "POST /api/archives/retrievals/{retrieval_id}/cancel": _FETCHES_FROM,
    "GET /api/scheduled-procedures": _SCHEDULES,
    "POST /api/scheduled-procedures": _SCHEDULES,
    "POST /api/scheduled-procedures/{procedure_id}/events": replace(_SCHEDULES, names=Named.RECORD),
    "GET /api/models": _MODELS,
    "POST /api/models/{name}/{version}/steps": _MODELS,
    "GET /api/report-cards": Row(is_for=access.may_read_report_cards),
}
PRIVACY: Mapping[str, Row] = {
    "GET /api/audit/entries": _AUDITS,
    "GET /api/audit/viewers": _AUDITS,
    "GET /api/audit/export": replace(_AUDITS, fresh=True),
    "GET /api/audit/chain": _AUDITS,
    "POST /api/audit/chain/verification": _AUDITS,
    "POST /api/emergency-accesses": Row(is_for=access.may_open_in_emergency, fresh=True),
    "GET /api/emergency-accesses/own": Row(is_for=access.may_open_in_emergency),
    "POST /api/emergency-accesses/{access_id}/end": Row(Named.OWN, is_for=access.may_open_in_emergency),
    "GET /api/emergency-accesses": _AUDITS,
    "POST /api/emergency-accesses/{access_id}/review": replace(_AUDITS, names=Named.RECORD),
}
STUDIES: Mapping[str, Row] = {
    "GET /api/worklist": _USER,
    "GET /api/worklist/choices": _USER,
    "GET /api/worklist/studies/{study_instance_uid}/reading": _STUDY,
    "PUT /api/worklist/studies/{study_instance_uid}/assignment": Row(Named.OWN_STUDY),
    "POST /api/worklist/studies/{study_instance_uid}/opening": _STUDY,
    "DELETE /api/worklist/studies/{study_instance_uid}/opening": _STUDY,
    "PUT /api/worklist/studies/{study_instance_uid}/read": Row(Named.OWN_STUDY),
    "GET /api/worklist/views": _USER,
    "POST /api/worklist/views": _USER,
    "PUT /api/worklist/views/{view_id}": _OWN,
    "DELETE /api/worklist/views/{view_id}": _OWN,
    "GET /api/studies": _USER,
    "GET /api/studies/{study_instance_uid}": _STUDY,
    "GET /api/studies/{study_instance_uid}/priors": _STUDY,
    "HEAD /api/studies/{study_instance_uid}/instances/{sop_instance_uid}/file": _STUDY,
    "GET /api/studies/{study_instance_uid}/instances/{sop_instance_uid}/file": _STUDY,
    "GET /api/studies/{study_instance_uid}/thumbnail": _STUDY,
    "GET /api/studies/{study_instance_uid}/series/{series_instance_uid}/thumbnail": _STUDY,
    "GET /api/patients": _USER,
    "POST /api/studies/{study_instance_uid}/reading": _STUDY,
    "GET /api/studies/{study_instance_uid}/archive.zip": _STUDY_OUT,
    "GET /api/studies/{study_instance_uid}/series/{series_instance_uid}/archive.zip": _STUDY_OUT,
    "POST /api/studies/{study_instance_uid}/deidentified": _STUDY_OUT,
    "GET /api/studies/{study_instance_uid}/key-images": _STUDY,
    "PUT /api/studies/{study_instance_uid}/key-images/{key_image_id}": _STUDY,
    "DELETE /api/studies/{study_instance_uid}/key-images/{key_image_id}": replace(_STUDY, or_author=True),
    "GET /api/studies/{study_instance_uid}/key-images/{key_image_id}/picture": _STUDY,
    "PUT /api/findings/{finding_id}/decision": _STUDY,
    "PUT /api/findings/{finding_id}/edit": _STUDY,
    "GET /api/findings/{finding_id}/model-here": _STUDY,
    "GET /api/findings/{finding_id}/evidence": _STUDY,
    "GET /api/findings/{finding_id}/evidence/{name}": _STUDY,
    "POST /api/uploads": _UPLOAD,
    "GET /api/uploads": _USER,
    "POST /api/uploads/{upload_id}/manifest": _OWN,
    "PUT /api/uploads/{upload_id}/instances/{sha256}": _OWN,
    "POST /api/uploads/{upload_id}/instances": _OWN,
    "PUT /api/uploads/chunks/{sha256}": _UPLOAD,
    "POST /api/uploads/{upload_id}/instances/{sha256}/assembly": _OWN,
    "POST /api/uploads/{upload_id}/files": _OWN,
    "POST /api/uploads/{upload_id}/complete": _OWN,
    "GET /api/uploads/{upload_id}": _OWN,
    "GET /api/manage": Row(is_for=access.may_keep_anything_up),
    "POST /api/manage/studies/{study_instance_uid}/deletion": _keeps_up(
        Upkeep.DELETE_STUDY, Named.STUDY_HERE
    ),
    "POST /api/manage/studies/{study_instance_uid}/split": _keeps_up(Upkeep.SPLIT_STUDY, Named.STUDY_HERE),
    "POST /api/manage/studies/{study_instance_uid}/cold": _keeps_up(Upkeep.CHANGE_TIER, Named.STUDY_HERE),
    "POST /api/manage/studies/{study_instance_uid}/recall": _keeps_up(Upkeep.CHANGE_TIER, Named.STUDY_HERE),
    "POST /api/manage/merges": _keeps_up(Upkeep.MERGE_PATIENTS),
    "POST /api/manage/merges/{merge_id}/undo": _keeps_up(Upkeep.MERGE_PATIENTS, Named.RECORD),
    "GET /api/manage/legal-holds": _keeps_up(Upkeep.HOLD_RECORDS),
    "GET /api/manage/legal-holds/subjects": _keeps_up(Upkeep.HOLD_RECORDS),
    "POST /api/manage/legal-holds": _keeps_up(Upkeep.HOLD_RECORDS),
    "POST /api/manage/legal-holds/{hold_id}/end": replace(
        _keeps_up(Upkeep.HOLD_RECORDS, Named.RECORD), fresh=True
    ),
    "GET /api/manage/retention-rules/preview": _keeps_up(Upkeep.SET_RETENTION),
    "POST /api/manage/retention-rules": _keeps_up(Upkeep.SET_RETENTION),
    "DELETE /api/manage/retention-rules/{rule_id}": _keeps_up(Upkeep.SET_RETENTION, Named.RECORD),
    "POST /api/manage/conflicts/{conflict_id}/resolution": _keeps_up(
        Upkeep.RESOLVE_CONFLICT, Named.RECORD
    ),
    "POST /api/manage/reconciliation": _keeps_up(Upkeep.RECONCILE),
}
_SERIES = "/dicom-web/studies/{study}/series/{series}"
_INSTANCE = f"{_SERIES}/instances/{{instance}}"
DICOMWEB: Mapping[str, Row] = {
    "GET /dicom-web/studies": _USER,
    "GET /dicom-web/series": _USER,
    "GET /dicom-web/instances": _USER,
    "GET /dicom-web/studies/{study}/series": _STUDY,
    "GET /dicom-web/studies/{study}/instances": _STUDY,
    "GET /dicom-web/studies/{study}/series/{series_uid}/instances": _STUDY,
    "POST /dicom-web/studies": _UPLOAD,
    "POST /dicom-web/studies/{study}": _UPLOAD,
    "GET /dicom-web/studies/{study}": _STUDY,
    "GET /dicom-web/studies/{study}/metadata": _STUDY,
    "GET /dicom-web/studies/{study}/thumbnail": _STUDY,
    f"GET {_SERIES}": _STUDY,
    f"GET {_SERIES}/metadata": _STUDY,
    f"GET {_SERIES}/thumbnail": _STUDY,
    f"HEAD {_INSTANCE}": _STUDY,
    f"GET {_INSTANCE}": _STUDY,
    f"GET {_INSTANCE}/metadata": _STUDY,
    f"GET {_INSTANCE}/frames/{{frames}}": _STUDY,
    f"GET {_INSTANCE}/frames/{{frame}}/rendered": _STUDY,
    f"GET {_INSTANCE}/rendered": _STUDY,
    f"GET {_INSTANCE}/bulkdata/{{path:path}}": _STUDY,
    f"GET {_INSTANCE}/thumbnail": _STUDY,
}
_ONE = "/api/consults/{consult_id}"
CONSULTS: Mapping[str, Row] = {
    "POST /api/consults": Row(is_for=access.may_ask_for_consult),
    "GET /api/consults": _USER,
    f"GET {_ONE}": _CONSULT,
    f"POST {_ONE}/events": Row(Named.CONSULT, may=access.may_cause_something),
    f"POST {_ONE}/studies": Row(Named.CONSULT, may=access.may_add_study),
    f"POST {_ONE}/join": _ROOM,
    f"GET {_ONE}/relay": _ROOM,
    "GET /api/history-items": _USER,
    "POST /api/history-bundle-readings": _USER,
    f"GET {_ONE}/history": _CONSULT,
    f"POST {_ONE}/history": _HISTORY,
    f"POST {_ONE}/history/{{entry_id}}/error": _HISTORY,
    f"GET {_ONE}/history.fhir": _CONSULT,
    f"GET {_ONE}/chat": _CHAT,
    f"PUT {_ONE}/chat/{{message_id}}": _CHAT,
    f"PUT {_ONE}/chat/{{message_id}}/file": _CHAT,
    f"PUT {_ONE}/chat/{{message_id}}/key-image": _CHAT,
    f"PATCH {_ONE}/chat/{{message_id}}": replace(_CHAT, may=nobody, or_author=True),
    f"POST {_ONE}/chat/{{message_id}}/withdrawal": replace(_CHAT, may=nobody, or_author=True),
    f"POST {_ONE}/chat/read": _CHAT,
    f"GET {_ONE}/chat/{{message_id}}/file": _CHAT,
    f"GET {_ONE}/measurements": _CONSULT,
    f"GET {_ONE}/consents": _CONSENTS,
    f"POST {_ONE}/consents": replace(_CONSENTS, may=access.may_record_consent),
    f"POST {_ONE}/consents/withdrawal": _CONSENTS,
    f"PUT {_ONE}/consents/{{consent_id}}/scan": replace(_CONSENTS, may=access.may_record_consent),
    f"GET {_ONE}/consents/{{consent_id}}/scan": _CONSENTS,
    f"POST {_ONE}/consents/{{consent_id}}/review": Row(
        Named.CONSULT, sees=access.may_see_or_review, may=access.may_review_emergency
    ),
    "GET /api/consents/awaiting-review": _USER,
    f"GET {_ONE}/patient-links": _INVITES,
    f"POST {_ONE}/patient-links": _INVITES,
    f"POST {_ONE}/patient-links/{{link_id}}/revocation": _INVITES,
    f"PUT {_ONE}/calls/{{call_id}}": _CONSULT,
    f"GET {_ONE}/calls": _CONSULT,
    f"GET {_ONE}/recordings": _RECORDINGS,
    f"GET {_ONE}/recordings/{{recording_id}}/parts/{{number}}": _RECORDINGS,
    f"PATCH {_ONE}/recordings/{{recording_id}}": replace(_RECORDINGS, may=access.may_delete_recording),
    f"DELETE {_ONE}/recordings/{{recording_id}}": replace(_RECORDINGS, may=access.may_delete_recording),
    f"GET {_ONE}/stills": _STILLS,
    f"PUT {_ONE}/stills/{{still_id}}": replace(_STILLS, may=access.may_take_stills),
    f"GET {_ONE}/stills/{{still_id}}/picture.jpg": _STILLS,
    f"GET {_ONE}/stills/{{still_id}}/thumbnail.jpg": _STILLS,
    f"POST {_ONE}/stills/{{still_id}}/deletion": replace(_STILLS, may=access.is_assigned, or_author=True),
    f"GET {_ONE}/report": _CONSULT,
    f"PUT {_ONE}/report": Row(Named.CONSULT, may=access.writes_report),
    f"POST {_ONE}/report/sign": Row(Named.CONSULT, may=access.is_assigned),
    f"GET {_ONE}/report.pdf": _CONSULT,
    f"GET {_ONE}/report/versions": _CONSULT,
    f"GET {_ONE}/report/versions/{{number}}/report.pdf": _CONSULT,
    f"GET {_ONE}/report/versions/{{number}}/difference": _CONSULT,
    "GET /api/critical-results/categories": _USER,
    "GET /api/critical-results": _USER,
    f"GET {_ONE}/critical-results": _CRITICAL,
    f"POST {_ONE}/critical-results": replace(_CRITICAL, may=access.may_raise_critical),
    f"POST {_ONE}/critical-results/{{result_id}}/acknowledgement": replace(
        _CRITICAL, may=access.may_acknowledge_critical
    ),
    f"POST {_ONE}/critical-results/{{result_id}}/telephone": replace(
        _CRITICAL, may=access.may_raise_critical
    ),
    f"POST {_ONE}/critical-results/{{result_id}}/withdrawal": replace(
        _CRITICAL, may=access.may_raise_critical
    ),
    "GET /api/rings": _USER,
    "POST /api/rings/{consult_id}/acceptance": _OWN,
    "POST /api/rings/{consult_id}/dismissal": _OWN,
    f"GET {_ONE}/ringing": _CONSULT,
    "GET /api/clock": _USER,
    "GET /api/calendar": _USER,
    "PUT /api/calendar/availability": _USER,
    "POST /api/calendar/feed": _USER,
    "DELETE /api/calendar/feed": _USER,
    "GET /api/calendar/feeds/{token}.ics": Row(known=Known.SECRET),
    f"GET {_ONE}/slots": _BOOKS,
    f"PUT {_ONE}/appointment": _BOOKS,
    f"GET {_ONE}/appointment.ics": _CONSULT,
    "GET /api/reminders": _USER,
    "POST /api/reminders/{consult_id}/seen": _USER,
    "GET /api/specialists": _USER,
    f"GET {_ONE}/comparison": _CONSULT,
    f"PUT {_ONE}/comparison": Row(Named.CONSULT, may=access.writes_report),
    f"GET {_ONE}/panel": _CONSULT,
    f"PUT {_ONE}/panel/opinion": _PANEL_SEAT,
    f"POST {_ONE}/panel/opening": _PANEL_CHAIR,
    f"POST {_ONE}/panel/draft": _PANEL_CHAIR,
    f"PUT {_ONE}/panel/answer": _PANEL_SEAT,
    f"PUT {_ONE}/panel/missing-reason": _PANEL_CHAIR,
}
PATIENTS: Mapping[str, Row] = {
    "GET /api/patient-link": _LINK,
    "POST /api/patient-link/code": _LINK,
    "POST /api/patient-link/presence": _LINK,
    "POST /api/patient-link/consent": _LINK,
    "POST /api/patient-link/withdrawal": _LINK,
    "POST /api/patient-link/join": _LINK,
    "GET /api/patient-link/relay": _LINK,
}
OTHERS: Mapping[str, Row] = {
    "GET /api/notifications": _USER,
    "POST /api/notifications/read": _USER,
    "GET /api/notifications/choices": _USER,
    "PUT /api/notifications/choices": _USER,
    "POST /api/notifications/devices": _USER,
    "DELETE /api/notifications/devices/{device_id}": _OWN,
    "POST /api/notifications/test": _USER,
    "GET /api/health": Row(known=Known.NOT),
    "GET /healthz": Row(known=Known.NOT),
    "GET /readyz": Row(known=Known.NOT),
    "GET /status": Row(known=Known.NOT),
    "GET /.well-known/security.txt": Row(known=Known.NOT),
    "GET /api/line-check": _USER,
    "POST /api/line-check": _USER,
    "GET /api/openapi.json": Row(known=Known.NOT),
    "HEAD /api/openapi.json": Row(known=Known.NOT),
    "GET /{path:path}": Row(known=Known.NOT),
}
SECTIONS: Mapping[str, Mapping[str, Row]] = {
    "Signing in": SIGNING_IN,
    "The institution": INSTITUTION,
    "Privacy": PRIVACY,
    "Studies": STUDIES,
    "DICOMweb": DICOMWEB,
    "Consults": CONSULTS,
    "Patients by link": PATIENTS,
    "Notifications and the rest": OTHERS,
}
DOORS: Mapping[str, Row] = {door: row for section in SECTIONS.values() for door, row in section.items()}
