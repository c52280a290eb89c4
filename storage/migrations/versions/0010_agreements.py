"""Agreements between institutions, and accounts that are switched off

Whoever asked another institution before goes on asking it: an agreement for five years is carried over.

Revision: 0010
After: 0009
"""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CARRIED_OVER_FOR = timedelta(days=1826)
DEMO = ("Qingshan Township Health Centre", "Provincial People's Hospital")
SPECIALTIES = (
    "general",
    "radiology",
    "respiratory",
    "thoracic-surgery",
    "oncology",
    "breast-surgery",
    "cardiology",
    "neurology",
)
LEGAL_ROLES = ("consultation", "remote-diagnosis")


def upgrade() -> None:
    op.add_column("users", sa.Column("disabled_at", UtcDateTime(), nullable=True))
    agreements = op.create_table(
        "agreements",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("inviting_institution_id", sa.String(length=36), nullable=False),
        sa.Column("invited_institution_id", sa.String(length=36), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("proposed_by", sa.String(length=36), nullable=True),
        sa.Column("proposing_institution_id", sa.String(length=36), nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("accepted_by", sa.String(length=36), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=36), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{target}.id"], name=op.f(f"fk_agreements_{column}_{target}")
            )
            for column, target in (
                ("inviting_institution_id", "institutions"),
                ("invited_institution_id", "institutions"),
                ("proposed_by", "users"),
                ("proposing_institution_id", "institutions"),
                ("accepted_by", "users"),
                ("ended_by", "users"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreements")),
    )
    for column in ("inviting_institution_id", "invited_institution_id"):
        op.create_index(op.f(f"ix_agreements_{column}"), "agreements", [column])
    scopes = op.create_table(
        "agreement_scopes",
        sa.Column("agreement_id", sa.String(length=36), nullable=False),
        sa.Column("specialty", sa.String(length=64), nullable=False),
        sa.Column("legal_role", sa.String(length=24), nullable=False),
        sa.ForeignKeyConstraint(
            ["agreement_id"], ["agreements.id"], name=op.f("fk_agreement_scopes_agreement_id_agreements")
        ),
        sa.PrimaryKeyConstraint("agreement_id", "specialty", "legal_role", name=op.f("pk_agreement_scopes")),
    )
    at = datetime.now(UTC)
    for inviting, invited in sorted(_pairs()):
        agreement_id = str(uuid4())
        op.get_bind().execute(
            sa.insert(agreements).values(
                id=agreement_id,
                inviting_institution_id=inviting,
                invited_institution_id=invited,
                starts_at=at,
                ends_at=at + CARRIED_OVER_FOR,
                proposed_at=at,
                accepted_at=at,
            )
        )
        op.get_bind().execute(
            sa.insert(scopes),
            [
                {"agreement_id": agreement_id, "specialty": specialty, "legal_role": role}
                for specialty in SPECIALTIES
                for role in LEGAL_ROLES
            ],
        )


def _pairs() -> set[tuple[str, str]]:
    """Who asked whom: by consults that were accepted, or wait for somebody's specialists; and the demo."""
    bind = op.get_bind()
    pairs = {
        tuple(row)
        for row in bind.execute(
            sa.text(
                "SELECT c.inviting_institution_id, u.institution_id FROM consults c"
                " JOIN users u ON u.id = c.specialist_id"
                " OR (c.status IN ('requested', 'returned') AND u.specialty = c.specialty)"
                " WHERE u.institution_id <> c.inviting_institution_id"
            )
        )
    }
    named = {row.name_en: row.id for row in bind.execute(sa.text("SELECT id, name_en FROM institutions"))}
    if set(DEMO) <= named.keys():
        pairs.add((named[DEMO[0]], named[DEMO[1]]))
    return pairs
