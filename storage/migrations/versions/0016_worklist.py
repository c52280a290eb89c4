"""The worklist: who reads which study, saved views, and the table that storage.worklist_index derives

Revision: 0016
After: 0015
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

SORTS = {
    "newest": ["arrived_at", "id"],
    "urgency": ["urgency", "arrived_at", "id"],
    "waiting": ["waiting_since", "id"],
    "ai": ["ai_urgency", "arrived_at", "id"],
}
FILTERED_BY = [
    *("kind", "arrived_at", "urgency", "state", "assigned_to", "modalities", "body_parts", "undecided"),
    *("ai_category", "ai_probability"),
]


def upgrade() -> None:
    op.add_column("studies", sa.Column("accession_number", sa.String(length=16), nullable=True))
    op.create_table(
        "readings",
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("assigned_to", sa.String(length=36), nullable=True),
        sa.Column("assigned_at", UtcDateTime(), nullable=True),
        sa.Column("opened_by", sa.String(length=36), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("lease_expires_at", UtcDateTime(), nullable=True),
        sa.Column("read_by", sa.String(length=36), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["study_instance_uid"],
            ["studies.study_instance_uid"],
            name=op.f("fk_readings_study_instance_uid_studies"),
        ),
        *(
            sa.ForeignKeyConstraint([column], ["users.id"], name=op.f(f"fk_readings_{column}_users"))
            for column in ("assigned_to", "opened_by", "read_by")
        ),
        sa.PrimaryKeyConstraint("study_instance_uid", name=op.f("pk_readings")),
    )
    op.create_index(op.f("ix_readings_lease_expires_at"), "readings", ["lease_expires_at"])
    op.create_table(
        "worklist_items",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("arrived_at", UtcDateTime(), nullable=False),
        sa.Column("waiting_since", UtcDateTime(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("assigned_to", sa.String(length=36), nullable=True),
        sa.Column("modalities", sa.Text(), nullable=False),
        sa.Column("body_parts", sa.Text(), nullable=False),
        sa.Column("undecided", sa.Integer(), nullable=False),
        sa.Column("ai_category", sa.Float(), nullable=False),
        sa.Column("ai_probability", sa.Float(), nullable=False),
        sa.Column("ai_urgency", sa.Float(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("grams", sa.JSON().with_variant(sa.ARRAY(sa.Text()), "postgresql"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worklist_items")),
    )
    for name, order in SORTS.items():
        op.create_index(
            f"ix_worklist_items_{name}",
            "worklist_items",
            ["institution_id", *order],
            postgresql_include=[column for column in FILTERED_BY if column not in order],
        )
    is_assigned = sa.text("assigned_to IS NOT NULL")
    op.create_index(
        "ix_worklist_items_assigned_to",
        "worklist_items",
        ["assigned_to", "arrived_at"],
        sqlite_where=is_assigned,
        postgresql_where=is_assigned,
    )
    op.create_index("ix_worklist_items_grams", "worklist_items", ["grams"], postgresql_using="gin")
    op.create_table(
        "worklist_views",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("query", sa.String(length=1000), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_worklist_views_user_id_users")),
        sa.ForeignKeyConstraint(
            ["institution_id"],
            ["institutions.id"],
            name=op.f("fk_worklist_views_institution_id_institutions"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worklist_views")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_worklist_views_user_id_name")),
    )
    for column in ("user_id", "institution_id"):
        op.create_index(op.f(f"ix_worklist_views_{column}"), "worklist_views", [column])
