"""Key images in reports, and how they lay when they were marked

Revision: 0031
After: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("key_images", sa.Column("rotation", sa.Integer(), nullable=True))
    op.add_column("key_images", sa.Column("flip", sa.Boolean(), nullable=True))
    op.add_column("reports", sa.Column("key_images", sa.JSON(), nullable=True))
    op.add_column("report_versions", sa.Column("figures", sa.JSON(), nullable=True))
