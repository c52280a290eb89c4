"""The worklist has a row for each who always sees it, and consults are found by their studies

Revision: 0026
After: 0025
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

SORTS = {
    "newest": ["arrived_at", "id"],
    "urgency": ["urgency", "arrived_at", "id"],
    "waiting": ["waiting_since", "id"],
    "ai": ["ai_urgency", "arrived_at", "id"],
}
FILTERED_BY = [
    *("kind", "institution_id", "arrived_at", "urgency", "state", "assigned_to", "modalities", "body_parts"),
    *("undecided", "ai_category", "ai_probability"),
]


def upgrade() -> None:
    op.create_index(
        op.f("ix_consult_studies_study_instance_uid"), "consult_studies", ["study_instance_uid"]
    )
    _drop_triggers()
    op.drop_table("worklist_items")
    # Its rows, its triggers and the index of its terms are made at the end of all migrations:
    # storage.worklist_index.
    op.create_table(
        "worklist_items",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("reader", sa.String(length=36), nullable=False),
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
        sa.PrimaryKeyConstraint("id", "reader", name=op.f("pk_worklist_items")),
    )
    for name, order in SORTS.items():
        op.create_index(
            f"ix_worklist_items_{name}",
            "worklist_items",
            ["reader", *order],
            postgresql_include=[column for column in FILTERED_BY if column not in order],
        )


def _drop_triggers() -> None:
    """Those of the table as it was."""
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    for name, table in connection.exec_driver_sql(
        "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if is_sqlite
        else "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
    ).all():
        if name.startswith("worklist_"):
            op.execute(f"DROP TRIGGER {name}" if is_sqlite else f"DROP TRIGGER {name} ON {table}")
