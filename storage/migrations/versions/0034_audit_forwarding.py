"""How far the audit log was handed to a receiver

Revision: 0034
After: 0033
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_forwarding",
        sa.Column("receiver", sa.String(length=300), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("sent_sequence", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("next_turn_at", UtcDateTime(), nullable=False),
        sa.Column("alarmed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("receiver", name=op.f("pk_audit_forwarding")),
    )
