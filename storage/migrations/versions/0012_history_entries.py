"""What is given of a patient's history with a consult

Revision: 0012
After: 0011
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "history_entries",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("given_by", sa.String(length=36), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("in_error_at", UtcDateTime(), nullable=True),
        sa.Column("in_error_by", sa.String(length=36), nullable=True),
        sa.Column("in_error_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f("fk_history_entries_consult_id_consults")
        ),
        sa.ForeignKeyConstraint(
            ["given_by"], ["users.id"], name=op.f("fk_history_entries_given_by_users")
        ),
        sa.ForeignKeyConstraint(
            ["in_error_by"], ["users.id"], name=op.f("fk_history_entries_in_error_by_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history_entries")),
        sa.UniqueConstraint("consult_id", "position", name=op.f("uq_history_entries_consult_id_position")),
    )
    op.create_index(op.f("ix_history_entries_consult_id"), "history_entries", ["consult_id"])
