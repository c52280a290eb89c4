"""Saying how a second opinion compares with the first report; the opinions of a multidisciplinary panel."""

from collections.abc import Callable

from fastapi import APIRouter
from sqlalchemy import Connection

from storage import audit_log
from storage.errors import StaleVersion
from teleconsult import access
from teleconsult.agreements.agreement import Scope
from teleconsult.agreements.repository import AgreementRepository
from teleconsult.consults.consult import Consult, ConsultForm, LegalRole, Specialty
from teleconsult.dependencies import CurrentUser, Now, Parts, PartsOfApp
from teleconsult.errors import NotAllowed, NotFound
from teleconsult.opinions.comparison import Comparison
from teleconsult.opinions.panel import Panel
from teleconsult.opinions.repository import OpinionRepository
from teleconsult.opinions.schemas import (
    AnswerIn,
    FirstReportComparisonIn,
    FirstReportComparisonOut,
    MissingReasonIn,
    OpinionIn,
    PanelOut,
    PanelStepIn,
)
from teleconsult.users.schemas import UserRefOut
from teleconsult.users.user import User

router = APIRouter(prefix="/api", tags=["opinions"])
opinions = OpinionRepository()
agreements = AgreementRepository()


@router.get("/specialists")
def list_specialists(
    specialty: Specialty, legal_role: LegalRole, parts: Parts, user: CurrentUser, now: Now
) -> list[UserRefOut]:
    """Whom of this specialty a request of the caller reaches, by name."""
    with parts.database.reading() as connection:
        ids = agreements.specialists(connection, user, Scope(specialty, legal_role), now)
        people = parts.users.by_ids(connection, ids)
    return [UserRefOut.of(one) for one in sorted(people.values(), key=lambda one: one.display_name)]


@router.get("/consults/{consult_id}/comparison")
def read_comparison(consult_id: str, parts: Parts, user: CurrentUser) -> FirstReportComparisonOut:
    with parts.database.reading() as connection:
        consult = _with_first_report(parts, connection, consult_id, user)
        # Until the report is signed it is its writer's alone, as the report's text is.
        is_readable = (
            access.writes_report(user, consult) or parts.reports.get(connection, consult_id).is_signed
        )
        found = opinions.comparison(connection, consult_id) if is_readable else None
    return FirstReportComparisonOut.of(found, may_write=access.writes_report(user, consult))


@router.put("/consults/{consult_id}/comparison")
def write_comparison(
    consult_id: str, body: FirstReportComparisonIn, parts: Parts, user: CurrentUser, now: Now
) -> FirstReportComparisonOut:
    with parts.database.transaction() as connection:
        consult = _with_first_report(parts, connection, consult_id, user)
        if not access.writes_report(user, consult):
            raise NotAllowed
        saved = opinions.save_comparison(
            connection,
            Comparison(consult_id, body.agreement, body.difference, body.radpeer_score, body.version),
        )
        _audit(connection, now, user, "first-report-compared", consult_id)
    parts.publish({"type": "report-changed", "consult_id": consult_id})
    return FirstReportComparisonOut.of(saved, may_write=True)


@router.get("/consults/{consult_id}/panel")
def read_panel(consult_id: str, parts: Parts, user: CurrentUser) -> PanelOut:
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        return _out(parts, connection, consult, opinions.get_panel(connection, consult_id), user)


@router.put("/consults/{consult_id}/panel/opinion")
def give_opinion(consult_id: str, body: OpinionIn, parts: Parts, user: CurrentUser, now: Now) -> PanelOut:
    """The opinion of the caller's discipline. Who writes it first has the discipline from then on."""

    def step(panel: Panel, consult: Consult, _: Connection) -> Panel:
        if not access.may_give_opinion(user, consult, body.specialty):
            raise NotAllowed
        return panel.give(body.specialty, author_id=user.id, text=body.text, at=now)

    return _change(parts, consult_id, user, now, body.version, "panel-opinion-given", step)


@router.post("/consults/{consult_id}/panel/opening")
def open_opinions(
    consult_id: str, body: PanelStepIn, parts: Parts, user: CurrentUser, now: Now
) -> PanelOut:
    """The chair lets all read what has been given so far."""

    def step(panel: Panel, consult: Consult, _: Connection) -> Panel:
        _require_chair(user, consult)
        return panel.open(now)

    return _change(parts, consult_id, user, now, body.version, "panel-opened", step)


@router.post("/consults/{consult_id}/panel/draft")
def circulate_draft(
    consult_id: str, body: PanelStepIn, parts: Parts, user: CurrentUser, now: Now
) -> PanelOut:
    """The chair puts the report's conclusion to the disciplines."""

    def step(panel: Panel, consult: Consult, connection: Connection) -> Panel:
        _require_chair(user, consult)
        return panel.circulate(parts.reports.get(connection, consult_id).conclusion)

    return _change(parts, consult_id, user, now, body.version, "panel-draft-circulated", step)


@router.put("/consults/{consult_id}/panel/answer")
def answer_draft(consult_id: str, body: AnswerIn, parts: Parts, user: CurrentUser, now: Now) -> PanelOut:
    """Agree with the joint draft, or dissent and say why."""

    def step(panel: Panel, consult: Consult, _: Connection) -> Panel:
        if not access.may_give_opinion(user, consult, body.specialty):
            raise NotAllowed
        return panel.answer(body.specialty, author_id=user.id, agrees=body.agrees, dissent=body.dissent)

    return _change(parts, consult_id, user, now, body.version, "panel-draft-answered", step)


@router.put("/consults/{consult_id}/panel/missing-reason")
def say_why_missing(
    consult_id: str, body: MissingReasonIn, parts: Parts, user: CurrentUser, now: Now
) -> PanelOut:
    """The chair says why the report is signed without some opinions or answers."""

    def step(panel: Panel, consult: Consult, _: Connection) -> Panel:
        _require_chair(user, consult)
        return panel.excuse(body.reason)

    return _change(parts, consult_id, user, now, body.version, "panel-missing-excused", step)


def _change(
    parts: PartsOfApp,
    consult_id: str,
    user: User,
    now: Now,
    version: int,
    action: str,
    step: Callable[[Panel, Consult, Connection], Panel],
) -> PanelOut:
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        read = opinions.get_panel(connection, consult_id)
        if consult.status not in access.REPORT_WRITABLE:
            raise NotAllowed
        changed = step(read, consult, connection)
        if read.version != version:
            raise StaleVersion(consult_id)
        saved = opinions.save_panel(connection, read, changed)
        _audit(connection, now, user, action, consult_id)
        consult = parts.consults.get(connection, consult_id)
        out = _out(parts, connection, consult, saved, user)
    parts.publish({"type": "consult-changed", "consult_id": consult_id})
    return out


def _require_chair(user: User, consult: Consult) -> None:
    if not access.is_assigned(user, consult):
        raise NotAllowed


def _with_first_report(
    parts: PartsOfApp, connection: Connection, consult_id: str, user: User
) -> Consult:
    consult = parts.consults.get_for(connection, consult_id, user)
    if consult.form is not ConsultForm.OPINION or not consult.first_report:
        raise NotFound
    return consult


def _out(
    parts: PartsOfApp, connection: Connection, consult: Consult, panel: Panel, user: User
) -> PanelOut:
    ids = {one for opinion in panel.opinions for one in (opinion.author_id, opinion.named_id) if one}
    own = frozenset(
        one.specialty for one in panel.opinions if access.may_give_opinion(user, consult, one.specialty)
    )
    is_chair = access.is_assigned(user, consult)
    return PanelOut.of(
        panel,
        parts.users.by_ids(connection, ids),
        user,
        own=own,
        is_chair=is_chair,
        may_give=consult.status in access.REPORT_WRITABLE,
        conclusion=parts.reports.get(connection, consult.id).conclusion,
    )


def _audit(connection: Connection, now: Now, user: User, action: str, consult_id: str) -> None:
    audit_log.record(connection, at=now, actor=user.id, action=action, subject=f"consult/{consult_id}")
