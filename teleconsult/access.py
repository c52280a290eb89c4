"""Who may see what, and cause which step: pure, as tables. Absent means no."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from teleconsult.consults.consult import BY_SYSTEM, LIVE, Consult, Event, Seat, Status
from teleconsult.users.user import Role, User


class Upkeep(StrEnum):
    """What keeps studies and patients of the own institution in order."""

    DELETE_STUDY = "delete-study"
    SPLIT_STUDY = "split-study"
    CHANGE_TIER = "change-tier"
    MERGE_PATIENTS = "merge-patients"
    RESOLVE_CONFLICT = "resolve-conflict"
    SET_RETENTION = "set-retention"
    HOLD_RECORDS = "hold-records"
    RECONCILE = "reconcile"


class Part(StrEnum):
    """The part that a user has in one consult."""

    INVITING = "inviting"  # a clinician of the institution that asks
    INVITED = "invited"  # a specialist of the wanted specialty that it reaches, before anyone accepted
    ASSIGNED = "assigned"  # the specialist who accepted
    EMERGENCY = "emergency"  # opened it in an emergency, with a reason and for a time: looks, and no more
    PANEL = "panel"  # who gives the opinion of a discipline, or may take it


CLINICIANS = frozenset({Role.GRASSROOTS_CLINICIAN, Role.SPECIALIST, Role.RADIOLOGIST})
READERS = frozenset({Role.SPECIALIST, Role.RADIOLOGIST})

MAY_CAUSE: Mapping[Event, frozenset[Part]] = {
    Event.SUBMIT: frozenset({Part.INVITING}),
    Event.WITHDRAW: frozenset({Part.INVITING}),
    Event.ACKNOWLEDGE: frozenset({Part.INVITING}),
    Event.ACCEPT: frozenset({Part.INVITED}),
    Event.DECLINE: frozenset({Part.INVITED}),
    Event.RETURN: frozenset({Part.INVITED}),
    Event.SCHEDULE: frozenset({Part.INVITING, Part.ASSIGNED}),
    Event.RESCHEDULE: frozenset({Part.INVITING, Part.ASSIGNED}),
    Event.CALL_OFF: frozenset({Part.INVITING, Part.ASSIGNED}),
    Event.START: frozenset({Part.INVITING, Part.ASSIGNED}),
    Event.HOLD: frozenset({Part.INVITING, Part.ASSIGNED}),
    Event.RESUME: frozenset({Part.INVITING, Part.ASSIGNED}),
    Event.END: frozenset({Part.INVITING, Part.ASSIGNED}),
    Event.REPORT_WITHOUT_CALL: frozenset({Part.ASSIGNED}),
    Event.SIGN: frozenset({Part.ASSIGNED}),
    Event.AMEND: frozenset({Part.ASSIGNED}),
}

# A clinician puts right what is wrong; what removes or moves studies is for those who answer for the archive.
_ANSWERS_FOR_ARCHIVE = frozenset({Role.COORDINATOR, Role.ADMINISTRATOR})
MAY_KEEP_UP: Mapping[Upkeep, frozenset[Role]] = {
    Upkeep.DELETE_STUDY: _ANSWERS_FOR_ARCHIVE,
    Upkeep.SPLIT_STUDY: _ANSWERS_FOR_ARCHIVE | CLINICIANS,
    Upkeep.CHANGE_TIER: _ANSWERS_FOR_ARCHIVE,
    Upkeep.MERGE_PATIENTS: _ANSWERS_FOR_ARCHIVE | CLINICIANS,
    Upkeep.RESOLVE_CONFLICT: _ANSWERS_FOR_ARCHIVE | CLINICIANS,
    Upkeep.SET_RETENTION: _ANSWERS_FOR_ARCHIVE,
    Upkeep.HOLD_RECORDS: _ANSWERS_FOR_ARCHIVE,
    Upkeep.RECONCILE: _ANSWERS_FOR_ARCHIVE,
}

# While a consult waits, every specialist whom it reaches may look at it. Afterwards its parts only.
WAITING = frozenset({Status.REQUESTED})
REPORT_WRITABLE = LIVE | {Status.REPORTING}
STILLS_TAKEN = LIVE | {Status.REPORTING}
OVER = frozenset({Status.CLOSED, Status.DECLINED, Status.CANCELLED, Status.NO_SHOW})
NO_LONGER_SHARED = frozenset({Status.DECLINED, Status.CANCELLED, Status.NO_SHOW, Status.RETURNED})

NEVER_OPENED = NO_LONGER_SHARED | {Status.DRAFT}


def part_in(user: User, consult: Consult) -> Part | None:
    """The user's part in a consult; None: for this user it does not exist."""
    if user.id == consult.specialist_id:
        return Part.ASSIGNED
    # An institution asks its own specialists too; whoever asked does not answer.
    if consult.status in WAITING and was_offered_to(user, consult) and user.id != consult.requested_by_id:
        return Part.INVITED
    if user.institution.id == consult.inviting_institution_id and user.roles & CLINICIANS:
        return Part.INVITING
    if any(_has_seat(user, consult, seat) for seat in _others(consult)):
        return Part.PANEL
    if user.id in consult.opened_to and is_in_emergency_reach(user, consult):
        return Part.EMERGENCY
    return None


def is_in_emergency_reach(user: User, consult: Consult) -> bool:
    """Whether a clinician without a part may open it: of a hospital that it was put to, by agreement."""
    return (
        bool(user.roles & CLINICIANS)
        and user.institution.id in consult.offered_to
        and consult.status not in NEVER_OPENED
    )


def _others(consult: Consult) -> Iterable[Seat]:
    """The disciplines beside the chair's, who is found by accepting the consult."""
    return (seat for seat in consult.seats if seat.specialty != consult.specialty)


def _has_seat(user: User, consult: Consult, seat: Seat) -> bool:
    """Whether the discipline is the user's, or still anybody's whom the request reaches for it."""
    if consult.status in NO_LONGER_SHARED or user.id == consult.requested_by_id:
        return False
    if seat.author_id is not None:
        return seat.author_id == user.id
    if consult.status not in WAITING | REPORT_WRITABLE:
        return False
    if seat.named_id is not None:
        return seat.named_id == user.id
    return (
        bool(user.roles & READERS)
        and user.specialty == seat.specialty
        and user.institution.id in seat.offered_to
    )


def may_give_opinion(user: User, consult: Consult, specialty: str) -> bool:
    """Whether the user speaks for this discipline; the chair for the one by which they were asked."""
    if user.id == consult.specialist_id and specialty == consult.specialty:
        return True
    return any(one.specialty == specialty and _has_seat(user, consult, one) for one in _others(consult))


def writes_report(user: User, consult: Consult) -> bool:
    return part_in(user, consult) is Part.ASSIGNED and consult.status in REPORT_WRITABLE


def was_offered_to(user: User, consult: Consult) -> bool:
    """Whether the consult is, or once was, in this specialist's worklist of open requests."""
    is_reader = bool(user.roles & READERS) and user.specialty in consult.specialties
    return is_reader and user.institution.id in consult.offered_to


def is_assigned(user: User, consult: Consult) -> bool:
    return part_in(user, consult) is Part.ASSIGNED


def may_lead_panel(user: User, consult: Consult) -> bool:
    """Whether the user, who has the chair, opens opinions and circulates the joint draft."""
    return is_assigned(user, consult) and consult.status in REPORT_WRITABLE


def may_speak_in_panel(user: User, consult: Consult) -> bool:
    """Whether the user gives an opinion on, or answers the draft of, some discipline now."""
    return consult.status in REPORT_WRITABLE and any(
        may_give_opinion(user, consult, seat.specialty) for seat in consult.seats
    )


def shares_studies(user: User, consult: Consult) -> bool:
    """Whether this consult lets the user see its studies."""
    return part_in(user, consult) is not None and consult.status not in NO_LONGER_SHARED


def sees_studies_as_guest(user: User, consult: Consult) -> bool:
    """Whether this consult lets the user see its studies, whosoever they are."""
    return shares_studies(user, consult) and part_in(user, consult) is not Part.INVITING


def may_hear_recordings(user: User, consult: Consult) -> bool:
    return part_in(user, consult) in (Part.INVITING, Part.ASSIGNED)


def may_delete_recording(user: User, consult: Consult) -> bool:
    """Whether the user, who answers for the consult, also says how long a recording is kept."""
    return part_in(user, consult) is Part.ASSIGNED or user.id == consult.requested_by_id


def may_see_stills(user: User, consult: Consult) -> bool:
    return part_in(user, consult) in (Part.INVITING, Part.ASSIGNED)


def may_take_stills(user: User, consult: Consult) -> bool:
    """Whether the user meets the others in the room; what was taken there may arrive after its end."""
    return may_see_stills(user, consult) and consult.status in STILLS_TAKEN


def may_delete_still(user: User, consult: Consult, taken_by_id: str) -> bool:
    return user.id == taken_by_id or part_in(user, consult) is Part.ASSIGNED


def may_add_history(user: User, consult: Consult) -> bool:
    """Whether the user says more of the patient's history; what was given wrongly, both sides may mark."""
    return part_in(user, consult) in (Part.INVITING, Part.ASSIGNED) and consult.status not in OVER


def _meets_patient(user: User, consult: Consult) -> bool:
    """Whether the user is of one of the two sides or, once somebody has the chair, of the panel."""
    part = part_in(user, consult)
    is_panel = part is Part.PANEL and consult.status not in WAITING
    return part in (Part.INVITING, Part.ASSIGNED) or is_panel


def may_see_consents(user: User, consult: Consult) -> bool:
    return _meets_patient(user, consult)


def may_invite_patient(user: User, consult: Consult) -> bool:
    return _meets_patient(user, consult)


def may_record_consent(user: User, consult: Consult) -> bool:
    """Whether the user attests what the patient has signed or said: the side where the patient is."""
    return part_in(user, consult) is Part.INVITING


def may_review_emergency(user: User, consult: Consult) -> bool:
    """Whether the user looks afterwards at the reason that stood in for a consent."""
    is_coordinator = Role.COORDINATOR in user.roles and user.institution.id == consult.inviting_institution_id
    return user.id == consult.requested_by_id or is_coordinator


def may_see_or_review(user: User, consult: Consult) -> bool:
    """Whether the user knows the consult, be it only as who looks at its emergency reason afterwards."""
    return part_in(user, consult) is not None or may_review_emergency(user, consult)


def may_see_critical(user: User, consult: Consult) -> bool:
    """Whether the user reads the consult's critical results; who may still decline does not."""
    return part_in(user, consult) in (Part.INVITING, Part.ASSIGNED, Part.PANEL, Part.EMERGENCY)


def may_raise_critical(user: User, consult: Consult) -> bool:
    """Whether the user tells the inviting side of one: also before, without and after a report."""
    part = part_in(user, consult)
    return part is Part.ASSIGNED or (part is Part.PANEL and consult.status not in WAITING)


def may_acknowledge_critical(user: User, consult: Consult) -> bool:
    return part_in(user, consult) is Part.INVITING


def may_chat(user: User, consult: Consult) -> bool:
    """Whether the user reads what the two sides write to each other; who may still decline does not."""
    return part_in(user, consult) in (Part.INVITING, Part.ASSIGNED, Part.PANEL)


def may_enter_room(user: User, consult: Consult) -> bool:
    """Whether the room is the user's to enter, once it is open; who may still decline does not."""
    return part_in(user, consult) in (Part.INVITING, Part.ASSIGNED, Part.PANEL)


def may_add_study(user: User, consult: Consult) -> bool:
    return part_in(user, consult) is Part.INVITING


def may_book(user: User, consult: Consult) -> bool:
    """Whether the user plans the consult for a time."""
    return may_cause(user, Event.SCHEDULE, consult)


def may_cause(user: User, event: Event, consult: Consult) -> bool:
    return part_in(user, consult) in MAY_CAUSE.get(event, frozenset())


def may_cause_something(user: User, consult: Consult) -> bool:
    return any(may_cause(user, event, consult) for event in Event)


def possible_events(user: User, consult: Consult) -> list[Event]:
    """The steps that this user can cause now, in the table's order."""
    return [
        event
        for event in consult.possible
        if event not in BY_SYSTEM and may_cause(user, event, consult)
    ]


def may_keep_up(user: User, upkeep: Upkeep) -> bool:
    return bool(user.roles & MAY_KEEP_UP[upkeep])


def may_keep_anything_up(user: User) -> bool:
    return any(may_keep_up(user, upkeep) for upkeep in Upkeep)


def may_ask_for_consult(user: User) -> bool:
    return bool(user.roles & CLINICIANS)


def may_change_reading(user: User) -> bool:
    """Whether the user stops the AI reading of a study, or puts it first."""
    return bool(user.roles & CLINICIANS)


def may_decide_findings(user: User) -> bool:
    return bool(user.roles & CLINICIANS)


def may_schedule(user: User) -> bool:
    """Whether the user plans examinations of the own institution."""
    return bool(user.roles & CLINICIANS)


def may_manage_devices(user: User) -> bool:
    """Whether the user says which scanners and archives may reach the own institution."""
    return Role.ADMINISTRATOR in user.roles


def may_manage_institution(user: User) -> bool:
    """Whether the user says who works at the own institution, and with whom it has agreements."""
    return Role.ADMINISTRATOR in user.roles


def may_open_in_emergency(user: User) -> bool:
    """Whether the user's role is medical; which cases they may open, `is_in_emergency_reach` says."""
    return bool(user.roles & CLINICIANS)


def may_read_audit_log(user: User) -> bool:
    """Whether the user reads who saw what. Who gives roles does not by that alone."""
    return Role.PRIVACY_OFFICER in user.roles


def may_see_report_templates(user: User) -> bool:
    """Whether the user sees what the own institution's reports are written in."""
    return bool(user.roles & (READERS | {Role.ADMINISTRATOR}))


def may_see_agreements(user: User) -> bool:
    """Whether the user sees whom the own institution may ask, and who may ask it."""
    return bool(user.roles & (CLINICIANS | _ANSWERS_FOR_ARCHIVE))


def may_manage_models(user: User) -> bool:
    """Whether the user says which model reads."""
    return Role.ADMINISTRATOR in user.roles


def may_read_report_cards(user: User) -> bool:
    """Whether the user sees how the models do here."""
    return bool(user.roles & {Role.ADMINISTRATOR, Role.RADIOLOGIST})


def may_fetch_studies(user: User) -> bool:
    """Whether the user searches other archives and fetches studies from them."""
    return bool(user.roles & CLINICIANS)


def may_see_archives(user: User) -> bool:
    """Whether the user sees which other archives there are."""
    return may_manage_devices(user) or may_fetch_studies(user)


def may_upload(user: User) -> bool:
    return bool(user.roles & CLINICIANS)


def sees_own_institution(user: User) -> bool:
    """Whether the user sees all studies of the own institution (an administrator sees none)."""
    return bool(user.roles & CLINICIANS)


def may_share_views(user: User) -> bool:
    """Whether the user's views of the worklist may be offered to the whole institution."""
    return Role.COORDINATOR in user.roles
