"""Reports in the database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from storage.errors import StaleVersion
from storage.tables import reports
from teleconsult.reports.report import Report, ReportStatus, new_report


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
