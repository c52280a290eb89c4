"""Calendars, appointments and reminders

Revision: 0014
After: 0013
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendars",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("slot_minutes", sa.Integer(), nullable=False),
        sa.Column("weekly", sa.JSON(), nullable=False),
        sa.Column("exceptions", sa.JSON(), nullable=False),
        sa.Column("reminders_min", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("feed_token_sha256", sa.String(length=64), nullable=True),
        sa.Column("feed_made_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_calendars_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_calendars")),
        sa.UniqueConstraint("feed_token_sha256", name=op.f("uq_calendars_feed_token_sha256")),
    )
    op.create_table(
        "appointments",
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("specialist_id", sa.String(length=36), nullable=False),
        sa.Column("booked_by_id", sa.String(length=36), nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("specialist_time_zone", sa.String(length=64), nullable=False),
        sa.Column("inviting_time_zone", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("called_off_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f("fk_appointments_consult_id_consults")
        ),
        sa.ForeignKeyConstraint(
            ["specialist_id"], ["users.id"], name=op.f("fk_appointments_specialist_id_users")
        ),
        sa.ForeignKeyConstraint(
            ["booked_by_id"], ["users.id"], name=op.f("fk_appointments_booked_by_id_users")
        ),
        sa.PrimaryKeyConstraint("consult_id", name=op.f("pk_appointments")),
    )
    for column in ("specialist_id", "starts_at"):
        op.create_index(op.f(f"ix_appointments_{column}"), "appointments", [column])
    op.create_table(
        "held_times",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_held_times_user_id_users")),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f("fk_held_times_consult_id_consults")
        ),
        sa.PrimaryKeyConstraint("user_id", "at", name=op.f("pk_held_times")),
    )
    op.create_index(op.f("ix_held_times_consult_id"), "held_times", ["consult_id"])
    op.create_table(
        "reminders",
        sa.Column("consult_id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("minutes_before", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["consult_id"], ["consults.id"], name=op.f("fk_reminders_consult_id_consults")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reminders_user_id_users")),
        sa.PrimaryKeyConstraint("consult_id", "user_id", "minutes_before", name=op.f("pk_reminders")),
    )
    op.create_index(op.f("ix_reminders_due_at"), "reminders", ["due_at"])
