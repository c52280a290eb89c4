"""Each signed version of a report, as it stays

Revision: 0011
After: 0010
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report_versions",
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("accepted", sa.Text(), nullable=False),
        sa.Column("findings_text", sa.Text(), nullable=False),
        sa.Column("conclusion", sa.Text(), nullable=False),
        sa.Column("recommendation", sa.Text(), nullable=False),
        sa.Column("signed_by_id", sa.String(length=36), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.Column("has_time_stamp", sa.Boolean(), nullable=False),
        sa.Column("pdf_key", sa.String(length=200), nullable=False),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=False),
        sa.Column("archived_in", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f("fk_report_versions_consult_id_consults")
        ),
        sa.ForeignKeyConstraint(
            ["signed_by_id"], ["users.id"], name=op.f("fk_report_versions_signed_by_id_users")
        ),
        sa.PrimaryKeyConstraint("consult_id", "number", name=op.f("pk_report_versions")),
    )
    # What is signed now; of versions that were amended before, the texts are in their PDFs alone.
    op.execute(
        "INSERT INTO report_versions (consult_id, number, status, accepted, findings_text, conclusion, "
        "recommendation, signed_by_id, signed_at, has_time_stamp, pdf_key, pdf_sha256) "
        "SELECT consult_id, 1, status, '', findings_text, conclusion, recommendation, signed_by, signed_at, "
        "false, pdf_key, pdf_sha256 FROM reports WHERE signed_at IS NOT NULL AND pdf_key IS NOT NULL"
    )
