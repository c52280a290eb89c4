"""Reports in the database."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from storage.errors import StaleVersion
from storage.tables import report_versions, reports
from teleconsult.reports.report import Report, ReportStatus, new_report
from teleconsult.reports.signed_version import SignedVersion
from teleconsult.reports.structured import written_from_json, written_to_json
from teleconsult.reports.template_repository import TemplateRef


class ReportRepository:
    def get(self, connection: Connection, consult_id: str) -> Report:
        """The consult's report; an empty preliminary one before the first save."""
        row = connection.execute(select(reports).where(reports.c.consult_id == consult_id)).first()
        if row is None:
            return new_report(consult_id)
        return Report(
            consult_id=row.consult_id,
            status=ReportStatus(row.status),
            version=row.version,
            findings_text=row.findings_text,
            conclusion=row.conclusion,
            recommendation=row.recommendation,
            signed_by_id=row.signed_by,
            signed_at=row.signed_at,
            pdf_key=row.pdf_key,
            pdf_sha256=row.pdf_sha256,
            template=TemplateRef(row.template_id, row.template_version) if row.template_id else None,
            written=written_from_json(row.written or {}),
            key_images=row.key_images,
        )

    def statuses(self, connection: Connection, consult_ids: Sequence[str]) -> dict[str, str]:
        rows = connection.execute(
            select(reports.c.consult_id, reports.c.status).where(reports.c.consult_id.in_(consult_ids))
        )
        return {row.consult_id: row.status for row in rows}

    def save(self, connection: Connection, report: Report, *, read_version: int) -> Report:
        """Store the report. Raises StaleVersion when it changed since `read_version` was read."""
        values: dict[str, Any] = {
            "status": report.status,
            "version": read_version + 1,
            "findings_text": report.findings_text,
            "conclusion": report.conclusion,
            "recommendation": report.recommendation,
            "template_id": report.template and report.template.id,
            "template_version": report.template and report.template.version,
            "written": written_to_json(report.written),
            "key_images": None if report.key_images is None else list(report.key_images),
            "signed_by": report.signed_by_id,
            "signed_at": report.signed_at,
            "pdf_key": report.pdf_key,
            "pdf_sha256": report.pdf_sha256,
        }
        known = connection.execute(
            select(reports.c.version).where(reports.c.consult_id == report.consult_id)
        ).scalar()
        if (known or 1) != read_version:
            raise StaleVersion(report.consult_id)
        if known is None:
            connection.execute(insert(reports).values(consult_id=report.consult_id, **values))
        else:
            connection.execute(
                update(reports).where(reports.c.consult_id == report.consult_id).values(**values)
            )
        return self.get(connection, report.consult_id)

    def signed_versions(self, connection: Connection, consult_id: str) -> list[SignedVersion]:
        """What was signed, the first first."""
        rows = connection.execute(
            select(report_versions)
            .where(report_versions.c.consult_id == consult_id)
            .order_by(report_versions.c.number)
        )
        return [_signed_version(row) for row in rows]

    def add_signed_version(self, connection: Connection, version: SignedVersion) -> None:
        connection.execute(insert(report_versions).values(**asdict(version)))

    def not_archived(self, connection: Connection, limit: int = 20) -> list[SignedVersion]:
        """The newest signed versions that the archive has not got, the oldest of them first."""
        rows = connection.execute(
            select(report_versions)
            .where(report_versions.c.archived_in.is_(None))
            .order_by(report_versions.c.signed_at.desc())
            .limit(limit)
        )
        return sorted((_signed_version(row) for row in rows), key=lambda version: version.signed_at)

    def mark_archived(self, connection: Connection, version: SignedVersion, study_instance_uid: str) -> None:
        connection.execute(
            update(report_versions)
            .where(report_versions.c.consult_id == version.consult_id)
            .where(report_versions.c.number == version.number)
            .values(archived_in=study_instance_uid)
        )


def _signed_version(row: Row[Any]) -> SignedVersion:
    values = row._asdict()
    return SignedVersion(**{**values, "status": ReportStatus(values["status"])})
