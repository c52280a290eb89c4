"""For whom an urgent request rings, and when its ladder goes on

Revision: 0021
After: 0020
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}_{target}"))


def upgrade() -> None:
    op.add_column("consults", sa.Column("escalated_to", sa.String(length=64), nullable=True))
    op.create_table(
        "rings",
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("rang_at", UtcDateTime(), nullable=False),
        sa.Column("dismissed_at", UtcDateTime(), nullable=True),
        _refers("rings", "consult_id", "consults"),
        _refers("rings", "user_id", "users"),
        sa.PrimaryKeyConstraint("consult_id", "user_id", name=op.f("pk_rings")),
    )
    op.create_index(op.f("ix_rings_user_id"), "rings", ["user_id"])
    op.create_table(
        "escalations",
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("next_rung", sa.Integer(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        _refers("escalations", "consult_id", "consults"),
        sa.PrimaryKeyConstraint("consult_id", name=op.f("pk_escalations")),
    )
    op.create_index(op.f("ix_escalations_due_at"), "escalations", ["due_at"])
