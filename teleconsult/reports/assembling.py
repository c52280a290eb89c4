"""What a report rests on, as it stands now: findings by number, its template, and what fills it."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from teleconsult.consults.consult import Consult
from teleconsult.dependencies import PartsOfApp
from teleconsult.findings.finding_record import DecisionStatus, FindingRecord
from teleconsult.findings.numbering import NumberedFinding, finding_numbers, named
from teleconsult.key_images import repository
from teleconsult.reports.figures import IMAGE, MOST_FIGURES, Figure, Place, figure_of
from teleconsult.reports.prefill import AcceptedFinding
from teleconsult.reports.report import Report
from teleconsult.reports.structured import Entry, StructuredReport, fill
from teleconsult.reports.template import Fault, fitness
from teleconsult.reports.template_repository import PublishedTemplate, offered
from teleconsult.studies.repository import SeriesRecord


@dataclass(frozen=True, slots=True)
class Assembled:
    """
    Attributes:
        numbers: of all findings, by id.
        template: that the report is in, or, before its first save, the one that fits the consult best.
    """

    records: list[FindingRecord]
    numbers: dict[str, str]
    accepted: list[AcceptedFinding]
    undecided: list[NumberedFinding]
    template: PublishedTemplate | None
    structured: StructuredReport | None

    @property
    def entries(self) -> list[Entry]:
        return self.structured.entries() if self.structured else []

    @property
    def faults(self) -> list[Fault]:
        return self.structured.faults() if self.structured else []


def assemble(parts: PartsOfApp, connection: Connection, consult: Consult, report: Report) -> Assembled:
    uids = consult.study_instance_uids
    series = parts.studies.series_of(connection, uids)
    records = parts.findings.of_studies(connection, uids)
    numbers = finding_numbers(records, series, uids)
    # In the order of their numbers: so they stand in the report.
    by_id = {record.id: record for record in records}
    records = [by_id[finding_id] for finding_id in numbers]
    accepted = _accepted(parts, connection, records, numbers, series)
    template = template_of(parts, connection, consult, report, series)
    return Assembled(
        records=records,
        numbers=numbers,
        accepted=accepted,
        undecided=[named(r, numbers[r.id]) for r in records if r.status is DecisionStatus.PRELIMINARY],
        template=template,
        structured=None if template is None else fill(template.content, report.written, accepted),
    )


def figures_of(
    parts: PartsOfApp, connection: Connection, consult: Consult, report: Report
) -> list[Figure]:
    """In the order of the writer's choice; where nobody chose, the first that are there."""
    uids = consult.study_instance_uids
    if report.key_images is None:
        chosen = repository.shown_of(connection, uids)[:MOST_FIGURES]
    else:
        marked = repository.marked_by_ids(connection, report.key_images)
        chosen = [
            marked[one]
            for one in report.key_images
            if one in marked and marked[one].key_image.study_instance_uid in uids
        ]
    people = parts.users.by_ids(connection, {one.key_image.made_by_id for one in chosen})
    series = parts.studies.series_of(connection, uids) if chosen else {}
    by_uid = {one.series_instance_uid: one for members in series.values() for one in members}
    return [
        figure_of(
            number,
            one,
            people[one.key_image.made_by_id].display_name,
            place_in(by_uid.get(one.key_image.series_instance_uid), one.key_image.sop_instance_uid),
        )
        for number, one in enumerate(chosen, start=1)
    ]


def template_of(
    parts: PartsOfApp,
    connection: Connection,
    consult: Consult,
    report: Report,
    series: dict[str, list[SeriesRecord]],
) -> PublishedTemplate | None:
    if report.template is not None:
        return parts.templates.get(connection, report.template)
    if report.is_signed or report.pdf_key is not None or consult.specialist_id is None:
        return None
    institution = parts.users.get(connection, consult.specialist_id).institution
    modalities = frozenset(one.modality for members in series.values() for one in members)
    return best_fitting(parts.templates.of(connection, institution.id), consult.specialty, modalities)


def best_fitting(
    templates: Iterable[PublishedTemplate], specialty: str, modalities: frozenset[str]
) -> PublishedTemplate | None:
    """The most closely fitting of what is offered; of equals the first, own before shipped ones."""
    fitting = [
        (fit, one)
        for one in offered(list(templates))
        if (fit := fitness(one.content, specialty, modalities)) is not None
    ]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def _accepted(
    parts: PartsOfApp,
    connection: Connection,
    records: list[FindingRecord],
    numbers: dict[str, str],
    series: dict[str, list[SeriesRecord]],
) -> list[AcceptedFinding]:
    accepted = [record for record in records if record.status.is_accepted]
    breasts = {
        sop: breast
        for uid in {record.finding.study_instance_uid for record in accepted}
        for sop, breast in parts.jobs.breasts_of(connection, uid).items()
    }
    found = []
    for record in accepted:
        finding = record.finding
        members = series.get(finding.study_instance_uid, [])
        own = next((s for s in members if s.series_instance_uid == finding.series_instance_uid), None)
        breast = breasts.get(finding.sop_instance_uid)
        found.append(
            AcceptedFinding(
                id=record.id,
                number=numbers[record.id],
                finding=finding,
                is_edited=record.by_model is not None,
                modality=own.modality if own else "",
                image=image_name(own, finding.sop_instance_uid),
                breast_side=breast.image_laterality if breast else None,
                view=breast.view_position if breast else None,
            )
        )
    return found


def place_in(series: SeriesRecord | None, sop_instance_uid: str) -> Place | None:
    """Where an image stands in its series; None where it is not there any more."""
    members = series.instances if series else ()
    for index, instance in enumerate(members, start=1):
        if instance.sop_instance_uid == sop_instance_uid:
            return Place(index, len(members), instance.instance_number)
    return None


def image_name(series: SeriesRecord | None, sop_instance_uid: str) -> str:
    """Modality, series and slice as the viewer counts them, and the image number where it is another."""
    place = place_in(series, sop_instance_uid)
    if series is None or place is None:
        return sop_instance_uid
    name = " ".join(filter(None, (series.modality, series.description, place.slice)))
    same = place.image_number in (None, place.index)
    return name if same else f"{name} · {IMAGE.both} {place.image_number}"
