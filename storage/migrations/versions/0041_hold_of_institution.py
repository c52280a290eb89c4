"""Whose a legal hold is: each hospital ends its own

Revision: 0041
After: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("legal_holds", sa.Column("institution_id", sa.String(length=36), nullable=True))
    # What the command line placed stays nobody's: the command line ends it.
    op.execute(
        "UPDATE legal_holds SET institution_id ="
        " (SELECT users.institution_id FROM users WHERE users.id = legal_holds.placed_by)"
    )
