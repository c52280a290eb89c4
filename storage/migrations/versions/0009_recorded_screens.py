"""Which part of a recording is a shared screen

Revision: 0009
After: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("recording_parts") as batch_op:
        batch_op.add_column(sa.Column("is_screen", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("recording_parts") as batch_op:
        batch_op.drop_column("is_screen")
