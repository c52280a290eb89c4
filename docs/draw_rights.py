"""Draw docs/rights.md from the tables in the code. `make docs` runs it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from signaling.roles import Right, rights_of
from signaling.roles import Role as RoomRole
from signaling.room import NEEDS, TOLD
from teleconsult.access import MAY_CAUSE, Part, part_in
from teleconsult.consults.consult import Consult, ConsultForm, LegalRole, Seat, Status, Urgency
from teleconsult.policy import SECTIONS, Named, Row, Rule, has_part
from teleconsult.users.user import Institution, Role, User

TARGET = Path(__file__).with_name("rights.md")
HEAD = """# Rights

Drawn from the tables in the code by `make docs`. Do not edit. What is not here is refused: a door without a
row is not served, and a test knocks at every door as everybody.

| answer | says |
|---|---|
| 401 | who it is, is not known well enough |
| 403 | the role is not one of the door's |
| 404 | what the address names is not there, or is not yours to see: nobody can tell which |
| 403 | you see it, and may not do this to it |

*Proved*: who it is was proved again a short while ago. *Author*: who made what is named may, too. A part in a
consult stands without more words where it holds in every status that has it. *Emergency*: a clinician of a
hospital that it was put to, who opened it in an emergency (docs/audit.md); also where a study is named."""
ASKING, ASKED = Institution("a", "A", "A"), Institution("b", "B", "B")


def _user(name: str, role: Role, place: Institution, specialty: str | None = None) -> User:
    return User(name, name, name, frozenset({role}), place, specialty, "en", False, True)


PEOPLE = {
    "who asked": _user("asked", Role.GRASSROOTS_CLINICIAN, ASKING),
    "inviting side": _user("inviting", Role.GRASSROOTS_CLINICIAN, ASKING),
    "inviting coordinator": _user("coordinator", Role.COORDINATOR, ASKING),
    "who may accept": _user("invited", Role.SPECIALIST, ASKED, "radiology"),
    "who accepted": _user("assigned", Role.SPECIALIST, ASKED, "radiology"),
    "panel": _user("panel", Role.SPECIALIST, ASKED, "cardiology"),
    "emergency": _user("emergency", Role.SPECIALIST, ASKED, "neurology"),
}
PARTS: Mapping[Part | None, str] = {
    Part.INVITING: "inviting side",
    Part.INVITED: "who may accept",
    Part.ASSIGNED: "who accepted",
    Part.PANEL: "panel",
    Part.EMERGENCY: "emergency",
}
BEFORE = frozenset({Status.DRAFT, Status.REQUESTED, Status.RETURNED, Status.DECLINED})


def _consult(status: Status) -> Consult:
    offered = frozenset({ASKED.id})
    author = None if status in BEFORE else "panel"
    return Consult(
        id="c",
        status=status,
        version=1,
        patient_id="p",
        question="?",
        urgency=Urgency.ROUTINE,
        specialty="radiology",
        legal_role=LegalRole.CONSULTATION,
        consent=None,
        requested_by_id="asked",
        inviting_institution_id=ASKING.id,
        specialist_id=None if status in BEFORE else "assigned",
        study_instance_uids=(),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        form=ConsultForm.PANEL,
        seats=(Seat("radiology", None, None, offered), Seat("cardiology", None, author, offered)),
        offered_to=offered,
        opened_to={"emergency": "e"},
    )


CONSULTS = {status: _consult(status) for status in Status}


def people_of(rule: Rule, among: Rule) -> dict[str, str]:
    """For whom a rule holds, of those for whom `among` does; and in which statuses, where not in all."""
    found = {}
    for name, user in PEOPLE.items():
        could = [
            status
            for status, consult in CONSULTS.items()
            if among(user, consult) and PARTS.get(part_in(user, consult), name) in (name, "inviting side")
        ]
        can = [status for status in could if rule(user, CONSULTS[status])]
        if can:
            found[name] = "" if can == could else _few(can, could)
    if "who asked" in found and found["who asked"] == found.get("inviting side"):
        del found["who asked"]
    return found


def _few(can: list[Status], could: list[Status]) -> str:
    cannot = [status for status in could if status not in can]
    return f" (not {', '.join(cannot)})" if len(cannot) < len(can) else f" ({', '.join(can)})"


def _line(door: str, row: Row) -> str:
    known = row.known + (", proved" if row.fresh else "")
    roles = [role for role in Role if row.is_for(_user("u", role, ASKING))]
    sees, may = str(row.names) if row.names is not Named.NOTHING else "", ""
    if row.names is Named.CONSULT:
        seen = people_of(row.sees, _has_part_or(row.sees))
        doing = people_of(row.may, row.sees)
        sees = ", ".join(name + when for name, when in seen.items())
        may = ", ".join([name + when for name, when in doing.items()] + ["author"] * row.or_author)
        may = "" if may == sees or doing == dict.fromkeys(seen, "") else may
    elif row.or_author:
        may = "author"
    everybody = "" if len(roles) == len(Role) else ", ".join(roles)
    method, path = door.split(" ")
    return f"| {method} | `{path}` | {known} | {everybody} | {sees} | {may} |"


def _has_part_or(rule: Rule) -> Rule:
    return lambda user, consult: has_part(user, consult) or rule(user, consult)


def _doors(rows: Mapping[str, Row]) -> str:
    head = "| | door | known | roles (else 403) | who sees it (else 404) | of those, who may (else 403) |"
    return "\n".join([head, "|---|---|---|---|---|---|", *(_line(door, row) for door, row in rows.items())])


def _grid(title: str, columns: Iterable[str], rows: Mapping[str, Iterable[bool]]) -> str:
    names = list(columns)
    lines = [f"| {title} | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    lines += [f"| {name} | {' | '.join('yes' if one else '' for one in row)} |" for name, row in rows.items()]
    return "\n".join(lines)


def _room(title: str, table: Mapping[type, Right | None]) -> str:
    roles = [*RoomRole, "moderator"]

    def holds(needed: Right | None) -> list[bool]:
        own = [needed is None or needed in rights_of(role, moderator=False) for role in RoomRole]
        return [*own, True]

    rows = {kind.__name__: holds(needed) for kind, needed in table.items()}
    return _grid(title, roles, dict(sorted(rows.items())))


def text() -> str:
    parts = [HEAD]
    for title, rows in SECTIONS.items():
        parts += [f"## {title}", _doors(rows)]
    steps = {event: [part in may for part in PARTS] for event, may in MAY_CAUSE.items()}
    parts += ["## Steps of a consult", _grid("step", PARTS.values(), steps)]
    parts += [
        "## Messages in a room",
        "Who waits to be let in may send nothing. Some messages ask for more: only who presents shows, a"
        " measurement is its owner's to change, and who offers to send media needs that right.",
        _room("may send", NEEDS),
        _room("is told", TOLD),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    TARGET.write_text(text())
    print(f"Drew {TARGET.name}.")


if __name__ == "__main__":
    main()
