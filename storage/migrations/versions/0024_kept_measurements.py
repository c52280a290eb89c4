"""What was measured in the room of a consult

Revision: 0024
After: 0023
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = "kept_measurements"
    op.create_table(
        table,
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("measurement", sa.JSON(), nullable=False),
        sa.Column("kept_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f(f"fk_{table}_consult_id_consults")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f(f"fk_{table}_owner_id_users")),
        sa.PrimaryKeyConstraint("consult_id", "id", name=op.f(f"pk_{table}")),
    )
