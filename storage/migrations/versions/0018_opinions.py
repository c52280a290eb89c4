"""Second opinions without a call, and multidisciplinary consults

Revision: 0018
After: 0017
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consults", sa.Column("form", sa.String(length=16), nullable=False, server_default="call"))
    op.add_column("consults", sa.Column("first_report", sa.Text(), nullable=True))
    op.create_table(
        "comparisons",
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("agreement", sa.String(length=24), nullable=False),
        sa.Column("difference", sa.Text(), nullable=False),
        sa.Column("radpeer_score", sa.String(length=2), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f("fk_comparisons_consult_id_consults")
        ),
        sa.PrimaryKeyConstraint("consult_id", name=op.f("pk_comparisons")),
    )
    op.create_table(
        "panels",
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("joint_draft", sa.Text(), nullable=True),
        sa.Column("draft_number", sa.Integer(), nullable=False),
        sa.Column("missing_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["consult_id"], ["consults.id"], name=op.f("fk_panels_consult_id_consults")),
        sa.PrimaryKeyConstraint("consult_id", name=op.f("pk_panels")),
    )
    op.create_table(
        "panel_opinions",
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("specialty", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("named_id", sa.String(length=36), nullable=True),
        sa.Column("author_id", sa.String(length=36), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=True),
        sa.Column("answered_draft", sa.Integer(), nullable=True),
        sa.Column("agrees", sa.Boolean(), nullable=True),
        sa.Column("dissent", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f("fk_panel_opinions_consult_id_consults")
        ),
        sa.ForeignKeyConstraint(["named_id"], ["users.id"], name=op.f("fk_panel_opinions_named_id_users")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_panel_opinions_author_id_users")),
        sa.PrimaryKeyConstraint("consult_id", "specialty", name=op.f("pk_panel_opinions")),
    )
    op.create_index(op.f("ix_panel_opinions_author_id"), "panel_opinions", ["author_id"])
