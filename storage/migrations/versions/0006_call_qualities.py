"""How a call went for everybody who took part

Revision: 0006
After: 0005
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_qualities",
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=32), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f("fk_call_qualities_consult_id_consults")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_call_qualities_user_id_users")),
        sa.PrimaryKeyConstraint("consult_id", "user_id", "call_id", name=op.f("pk_call_qualities")),
    )
