"""What is kept of each series that a model read, and the alarms of the watch over models

Revision: 0005
After: 0004
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_observations",
        sa.Column("job_id", sa.String(length=36), nullable=False),
        sa.Column("slot", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("manufacturer", sa.String(length=64), nullable=False),
        sa.Column("scanner_model", sa.String(length=64), nullable=False),
        sa.Column("kernel", sa.String(length=64), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("caution", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_model_observations_institution_id_institutions"),
        ),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_model_observations")),
    )
    op.create_index("ix_model_observations_version", "model_observations", ["name", "version", "at"])
    op.create_table(
        "model_alarms",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=True),
        sa.Column("scanner", sa.String(length=160), nullable=True),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("cleared_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_model_alarms_institution_id_institutions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_alarms")),
    )
    op.create_index("ix_model_alarms_version", "model_alarms", ["name", "version"])
