"""Who has seen their first steps

Revision: 0039
After: 0038
"""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    column: sa.Column[bool] = sa.Column(
        "knows_first_steps", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("users", column)
    # Who works here already has no need of them.
    op.execute(sa.text("UPDATE users SET knows_first_steps = true WHERE NOT must_change_password"))


def downgrade() -> None:
    op.drop_column("users", "knows_first_steps")
