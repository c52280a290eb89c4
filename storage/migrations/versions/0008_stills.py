"""Still pictures from participants' cameras

Revision: 0008
After: 0007
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stills",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.String(length=36), nullable=False),
        sa.Column("taken_at", UtcDateTime(), nullable=False),
        sa.Column("camera_of", sa.String(length=36), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body_site", sa.String(length=16), nullable=True),
        sa.Column("laterality", sa.String(length=1), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_by", sa.String(length=36), nullable=True),
        sa.Column("deletion_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["camera_of"], ["users.id"], name=op.f("fk_stills_camera_of_users")),
        sa.ForeignKeyConstraint(["consult_id"], ["consults.id"], name=op.f("fk_stills_consult_id_consults")),
        sa.ForeignKeyConstraint(["deleted_by"], ["users.id"], name=op.f("fk_stills_deleted_by_users")),
        sa.ForeignKeyConstraint(["taken_by"], ["users.id"], name=op.f("fk_stills_taken_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stills")),
    )
    op.create_index(op.f("ix_stills_consult_id"), "stills", ["consult_id"])
