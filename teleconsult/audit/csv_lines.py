"""Audit entries as a table for a spreadsheet, which must not take a cell for a formula."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from storage.audit_chain import AuditEntry, moment
from storage.audit_formats import is_refused
from teleconsult.users.user import User

HEAD = (
    "number", "at (UTC)", "person", "name", "institution", "action", "subject", "refused", "from", "details"
)
BYTE_ORDER_MARK = "\ufeff"  # spreadsheets take a file without one for the machine's own code page
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # OWASP, "CSV injection"


def csv_lines(entries: Iterable[AuditEntry], people: Mapping[str, User]) -> Iterator[str]:
    """A head and a line for each entry. `people`: whom the entries may name, by id."""
    yield BYTE_ORDER_MARK + _line(HEAD)
    for one in entries:
        who = people.get(one.actor)
        details = {name: value for name, value in one.details.items() if name != "address"}
        yield _line(
            (
                str(one.sequence),
                moment(one.at),
                one.actor,
                who.display_name if who else "",
                who.institution.name_en if who else "",
                one.action,
                one.subject,
                "yes" if is_refused(one.action) else "",
                str(one.details.get("address", "")),
                json.dumps(details, ensure_ascii=False) if details else "",
            )
        )


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return text.getvalue()
