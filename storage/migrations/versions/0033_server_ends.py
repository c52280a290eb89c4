"""Which worker has a job, and how often the whole server ended while it was read

Revision: 0033
After: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "inference_jobs", sa.Column("server_ends", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("inference_jobs", sa.Column("leased_by", sa.String(length=128), nullable=True))
