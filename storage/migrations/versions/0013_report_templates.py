"""Templates of reports, and what is filled into them

Revision: 0013
After: 0012
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "report_template_versions",
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("copied_from", sa.String(length=64), nullable=True),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.Column("published_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_report_template_versions_institution_id_institutions"),
        ),
        sa.ForeignKeyConstraint(
            ["published_by"], ["users.id"], name=op.f("fk_report_template_versions_published_by_users")
        ),
        sa.PrimaryKeyConstraint("template_id", "version", name=op.f("pk_report_template_versions")),
    )
    op.create_index(
        op.f("ix_report_template_versions_institution_id"), "report_template_versions", ["institution_id"]
    )
    op.create_table(
        "report_template_retirements",
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=False),
        sa.Column("retired_by", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_report_template_retirements_institution_id_institutions"),
        ),
        sa.ForeignKeyConstraint(
            ["retired_by"], ["users.id"], name=op.f("fk_report_template_retirements_retired_by_users")
        ),
        sa.PrimaryKeyConstraint(
            "template_id", "institution_id", name=op.f("pk_report_template_retirements")
        ),
    )
    for table, filled in (("reports", "written"), ("report_versions", "entries")):
        op.add_column(table, sa.Column("template_id", sa.String(length=64), nullable=True))
        op.add_column(table, sa.Column("template_version", sa.Integer(), nullable=True))
        op.add_column(table, sa.Column(filled, sa.JSON(), nullable=True))
