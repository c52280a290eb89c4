"""Critical results; the ladders of all that waits in one table

Revision: 0022
After: 0021
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

CARRIED = (
    "INSERT INTO escalations (subject_id, ladder, next_rung, began_at, due_at) "
    "SELECT e.consult_id, c.urgency, e.next_rung, e.submitted_at, e.due_at "
    "FROM escalations_of_requests e JOIN consults c ON c.id = e.consult_id"
)


def _refers(column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_critical_results_{column}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name)


def upgrade() -> None:
    op.create_table(
        "critical_results",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("category", sa.String(length=16), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("raised_by", sa.String(length=36), nullable=False),
        sa.Column("raised_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("history", sa.JSON(), nullable=False),
        _refers("consult_id", "consults"),
        _refers("raised_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_critical_results")),
    )
    for column in ("consult_id", "status"):
        op.create_index(op.f(f"ix_critical_results_{column}"), "critical_results", [column])
    op.drop_index(op.f("ix_escalations_due_at"), table_name="escalations")
    op.rename_table("escalations", "escalations_of_requests")
    if op.get_bind().dialect.name == "postgresql":  # a constraint keeps its name when its table gets another
        renamed = "RENAME CONSTRAINT pk_escalations TO pk_escalations_of_requests"
        op.execute(f"ALTER TABLE escalations_of_requests {renamed}")
    op.create_table(
        "escalations",
        sa.Column("subject_id", sa.String(length=36), nullable=False),
        sa.Column("ladder", sa.String(length=32), nullable=False),
        sa.Column("next_rung", sa.Integer(), nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_escalations")),
    )
    op.create_index(op.f("ix_escalations_due_at"), "escalations", ["due_at"])
    op.execute(CARRIED)
    op.drop_table("escalations_of_requests")
