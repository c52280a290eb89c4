"""Consents are records of their own

Revision: 0015
After: 0014
"""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    consents = op.create_table(
        "consents",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.Column("text_id", sa.String(length=64), nullable=True),
        sa.Column("text_version", sa.Integer(), nullable=True),
        sa.Column("text_language", sa.String(length=8), nullable=True),
        sa.Column("giver", sa.String(length=16), nullable=True),
        sa.Column("relation", sa.String(length=100), nullable=True),
        sa.Column("signature", sa.String(length=100), nullable=True),
        sa.Column("witness", sa.String(length=100), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.String(length=36), nullable=True),
        sa.Column("scan_content_type", sa.String(length=32), nullable=True),
        sa.Column("scan_size_bytes", sa.Integer(), nullable=True),
        sa.Column("scan_sha256", sa.String(length=64), nullable=True),
        sa.Column("scan_wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=36), nullable=True),
        sa.Column("withdrawal_reason", sa.Text(), nullable=True),
        sa.Column("reviewed_at", UtcDateTime(), nullable=True),
        sa.Column("reviewed_by", sa.String(length=36), nullable=True),
        sa.Column("review_note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f("fk_consents_consult_id_consults")
        ),
        sa.ForeignKeyConstraint(["recorded_by"], ["users.id"], name=op.f("fk_consents_recorded_by_users")),
        sa.ForeignKeyConstraint(["reviewed_by"], ["users.id"], name=op.f("fk_consents_reviewed_by_users")),
        sa.ForeignKeyConstraint(["withdrawn_by"], ["users.id"], name=op.f("fk_consents_withdrawn_by_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_consult_id"), "consents", ["consult_id"])
    consults = sa.table(
        "consults",
        sa.column("id", sa.String()),
        sa.column("consent", sa.JSON()),
        sa.column("requested_by", sa.String()),
        sa.column("created_at", UtcDateTime()),
    )
    bind = op.get_bind()
    for row in bind.execute(sa.select(consults)).all():
        method = (row.consent or {}).get("method")
        is_emergency = method == "emergency" and bool(row.consent.get("note"))
        if is_emergency or (method and row.consent.get("given")):
            bind.execute(
                sa.insert(consents).values(
                    id=str(uuid4()),
                    consult_id=row.id,
                    method=method,
                    given_at=row.created_at,
                    giver=None if is_emergency else "patient",
                    note=row.consent.get("note"),
                    recorded_by=row.requested_by,
                )
            )
    with op.batch_alter_table("consults") as batch_op:
        batch_op.drop_column("consent")
