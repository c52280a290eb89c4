"""Who placed and lifted a legal hold; what rules are about to delete

Revision: 0040
After: 0039
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Until now only the command line placed and lifted them.
    op.add_column(
        "legal_holds",
        sa.Column("placed_by", sa.String(length=64), nullable=False, server_default="command-line"),
    )
    op.add_column("legal_holds", sa.Column("lifted_by", sa.String(length=64), nullable=True))
    op.execute("UPDATE legal_holds SET lifted_by = 'command-line' WHERE lifted_at IS NOT NULL")
    op.create_table(
        "announced_deletions",
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("rule", sa.String(length=64), nullable=False),
        sa.Column("announced_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_announced_deletions")),
    )
