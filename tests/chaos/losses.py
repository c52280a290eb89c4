"""What was lost: everything that a ledger says was acknowledged, looked for in the installation."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from pydicom.uid import EncapsulatedPDFStorage

from imaging.errors import PacsError
from storage import audit_log
from storage.audit_log import AuditEntry
from storage.database import Database
from storage.errors import AuditChainBroken
from tests.chaos.writers import PDF, READ_WITHIN_S, Work
from tests.installation_server import wait_until

ARCHIVED_WITHIN_S = 90.0
STRUCTURED_REPORTS = "1.2.840.10008.5.1.4.1.1.88."


@dataclass
class Losses:
    """A line for each thing that was acknowledged and is not there, or is there twice."""

    rows: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    audit_entries: list[str] = field(default_factory=list)
    double_effects: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)

    def lines(self) -> Iterator[str]:
        for kind in ("rows", "objects", "jobs", "audit_entries", "double_effects"):
            yield from (f"{kind}: {line}" for line in getattr(self, kind))


def count_losses(work: Work, database: Database) -> Losses:
    """Compare what the writers were told with what there is."""
    losses = Losses()
    _images(work, losses)
    _readings(work, losses)
    _signatures(work, losses)
    _messages(work, losses)
    with database.reading() as connection:
        try:
            losses.counted["audit entries"] = audit_log.verify(connection)
        except AuditChainBroken as error:
            losses.audit_entries.append(str(error))
        entries = list(audit_log.entries(connection))
    _decisions_and_drafts(work, losses)
    _audit(work, entries, losses)
    return losses


def losses_of(work: Work) -> list[str]:
    """What was lost of an installation on SQLite, and what answers were wrong."""
    database = Database(f"sqlite:///{work.installation.data / 'teleconsult.db'}")
    losses = count_losses(work, database)
    database.close()
    print(f"acknowledged: {dict(losses.counted)}, answers: {dict(work.ledger.answers)}")
    return [*work.failures, *work.ledger.faults, *losses.lines()]


def _images(work: Work, losses: Losses) -> None:
    for uid, digest in work.ledger.instances.items():
        losses.counted["images"] += 1
        try:
            if hashlib.sha256(work.archive.instance_file(uid)).hexdigest() != digest:
                losses.objects.append(f"image {uid} is another than was sent")
        except PacsError as error:
            losses.objects.append(f"image {uid}: {error!r}")
    for uid, count in work.ledger.studies.items():
        losses.counted["studies"] += 1
        study = work.clinician.get(f"/api/studies/{uid}")
        if study["instance_count"] != count:
            losses.rows.append(f"study {uid}: {study['instance_count']} of {count} images")
        try:
            wait_until(partial(_is_judged, work, uid), "each series is judged", READ_WITHIN_S)
        except AssertionError:
            losses.jobs.append(f"study {uid}: a series was not judged")


def _is_judged(work: Work, study_instance_uid: str) -> bool:
    series = work.clinician.get(f"/api/studies/{study_instance_uid}")["series"]
    return all(one["verdict"] is not None for one in series)


def _readings(work: Work, losses: Losses) -> None:
    for uid in work.ledger.read:
        losses.counted["studies read by AI"] += 1
        study = wait_until(
            lambda uid=uid: (found := work.clinician.get(f"/api/studies/{uid}"))  # type: ignore[misc]
            and found["ai"]["status"] in ("completed", "failed")
            and found,
            f"{uid} is read",
            READ_WITHIN_S,
        )
        if [job["status"] for job in study["jobs"]] != ["completed"]:
            losses.jobs.append(f"study {uid}: {study['jobs']}")
        elif len(study["findings"]) != work.expected_findings:
            is_less = len(study["findings"]) < work.expected_findings
            kind = losses.rows if is_less else losses.double_effects
            kind.append(f"study {uid}: {len(study['findings'])} findings, else {work.expected_findings}")
        reports = sum(
            ref.sop_class_uid.startswith(STRUCTURED_REPORTS) for ref in work.archive.find_instances(uid)
        )
        if reports != bool(study["findings"]):
            where = losses.double_effects if reports > 1 else losses.objects
            where.append(f"study {uid}: {reports} reports of AI in the archive")


def _decisions_and_drafts(work: Work, losses: Losses) -> None:
    for one in work.clinician.get(f"/api/studies/{work.read_study}")["findings"]:
        taken = work.ledger.decisions.get(one["id"], [])
        losses.counted["decisions"] += len(taken)
        if taken and (one["version"], one["status"]) != (len(taken) + 1, taken[-1]):
            losses.rows.append(f"finding {one['id']}: {one['version']} {one['status']}, {taken[-1]} was last")
    if work.ledger.drafts:
        losses.counted["drafts"] = len(work.ledger.drafts)
        report = work.specialist.get(f"/api/consults/{work.consult}/report")
        if report["conclusion"] != work.ledger.drafts[-1]:
            losses.rows.append(f"draft {report['conclusion']!r}, {work.ledger.drafts[-1]!r} was last")


def _signatures(work: Work, losses: Losses) -> None:
    for consult_id, digest in work.ledger.signed.items():
        losses.counted["signatures"] += 1
        path = f"/api/consults/{consult_id}/report"
        versions = wait_until(
            lambda path=path: (v := work.specialist.get(f"{path}/versions"))  # type: ignore[misc]
            and all(one["is_archived"] for one in v)
            and v,
            f"the report of {consult_id} is archived",
            ARCHIVED_WITHIN_S,
        )
        if [one["status"] for one in versions] != ["final"]:
            losses.double_effects.append(f"report {consult_id} has {len(versions)} versions")
        pdf = work.specialist.send("GET", f"{path}.pdf").content
        if hashlib.sha256(pdf).hexdigest() != digest:
            losses.objects.append(f"report {consult_id} is another than was signed")
    in_archive = work.archive.find_instances(
        work.small_study["study_instance_uid"], EncapsulatedPDFStorage
    )
    missing = len(work.ledger.signed) - len(in_archive)
    if missing > 0:
        losses.objects.append(f"{missing} signed reports are not in the archive")
    if missing < 0:
        losses.double_effects.append(f"{-missing} signed reports are in the archive twice")


def _messages(work: Work, losses: Losses) -> None:
    path = f"/api/consults/{work.consult}/chat"
    there, before = [], ""
    while page := work.clinician.get(f"{path}{before}")["messages"]:
        there = page + there
        before = f"?before={page[0]['number']}"
        if page[0]["number"] == 1:
            break
    losses.counted["messages"] = len(work.ledger.messages)
    kept = {one["id"]: one["text"] for one in there}
    for message_id, text in work.ledger.messages.items():
        if kept.get(message_id) != text:
            losses.rows.append(f"message {message_id}: {kept.get(message_id)!r}, sent {text!r}")
    if [one["number"] for one in there] != list(range(1, len(work.ledger.messages) + 1)):
        losses.double_effects.append(f"{len(there)} messages, sent {len(work.ledger.messages)}")
    for message_id in work.ledger.files:
        if work.clinician.send("GET", f"{path}/{message_id}/file").content != PDF:
            losses.objects.append(f"file of message {message_id}")


def _audit(work: Work, entries: list[AuditEntry], losses: Losses) -> None:
    """One entry for each effect, no more and no fewer."""
    written = Counter((one.action, one.subject) for one in entries)
    expected: Counter[tuple[str, str]] = Counter()
    for finding_id, taken in work.ledger.decisions.items():
        expected.update((f"finding-{status}", f"finding/{finding_id}") for status in taken)
    expected["report-saved", f"consult/{work.consult}"] = len(work.ledger.drafts)
    expected["chat-message-written", f"consult/{work.consult}"] = len(work.ledger.messages)
    expected.update(("report-signed", f"consult/{consult_id}") for consult_id in work.ledger.signed)
    for (action, subject), count in expected.items():
        there = written[action, subject]
        if there < count:
            losses.audit_entries.append(f"{action} of {subject}: {there} of {count} entries")
        if there > count:
            losses.double_effects.append(f"{action} of {subject}: {there} entries for {count}")
