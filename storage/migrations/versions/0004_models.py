"""Versions of models, their evaluations, and what those on trial find

Revision: 0004
After: 0003
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_IN_CHARGE = sa.text("state IN ('active', 'suspended')")


def upgrade() -> None:
    op.create_table(
        "model_versions",
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("slot", sa.String(length=32), nullable=False),
        sa.Column("is_shipped", sa.Boolean(), nullable=False),
        sa.Column("weights_file", sa.String(length=200), nullable=False),
        sa.Column("weights_sha256", sa.String(length=64), nullable=False),
        sa.Column("bundle_sha256", sa.String(length=64), nullable=False),
        sa.Column("licence", sa.String(length=64), nullable=True),
        sa.Column("licence_accepted_by", sa.String(length=64), nullable=True),
        sa.Column("trusted_by", sa.String(length=64), nullable=True),
        sa.Column("trusted_at", UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("state_since", UtcDateTime(), nullable=False),
        sa.Column("activated_at", UtcDateTime(), nullable=True),
        sa.Column("added_by", sa.String(length=64), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_model_versions")),
    )
    op.create_index(op.f("ix_model_versions_slot"), "model_versions", ["slot"])
    op.create_index(
        "uq_model_versions_in_charge",
        "model_versions",
        ["slot"],
        unique=True,
        sqlite_where=_IN_CHARGE,
        postgresql_where=_IN_CHARGE,
    )
    op.create_table(
        "model_evaluations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("weights_sha256", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_evaluations")),
    )
    op.create_index(op.f("ix_model_evaluations_name"), "model_evaluations", ["name"])
    op.create_table(
        "shadow_findings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["inference_jobs.id"], name=op.f("fk_shadow_findings_job_id")),
        sa.ForeignKeyConstraint(
            ["study_instance_uid"],
            ["studies.study_instance_uid"],
            name=op.f("fk_shadow_findings_study_instance_uid"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shadow_findings")),
    )
    op.create_index(op.f("ix_shadow_findings_job_id"), "shadow_findings", ["job_id"])
    op.create_index(
        op.f("ix_shadow_findings_study_instance_uid"), "shadow_findings", ["study_instance_uid"]
    )


def downgrade() -> None:
    op.drop_table("shadow_findings")
    op.drop_table("model_evaluations")
    op.drop_table("model_versions")
