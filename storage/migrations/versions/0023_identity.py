"""Second factors, passkeys, what is known of a session, and delays by user name and address

Revision: 0023
After: 0022
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def _of_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f(f"fk_{table}_user_id_users"))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def upgrade() -> None:
    op.add_column(
        "institutions", sa.Column("second_factor_roles", sa.JSON(), nullable=False, server_default="[]")
    )
    op.drop_column("users", "failed_logins")
    op.drop_column("users", "next_login_at")
    for name in ("proved_at", "last_seen_at"):
        op.add_column("user_sessions", sa.Column(name, UtcDateTime(), nullable=True))
    op.add_column("user_sessions", sa.Column("address", sa.String(length=64), nullable=True))
    op.add_column("user_sessions", sa.Column("agent", sa.String(length=300), nullable=True))
    op.create_table(
        "sign_in_attempts",
        sa.Column("name_sha256", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        _key("sign_in_attempts", "name_sha256", "address"),
    )
    op.create_index(op.f("ix_sign_in_attempts_last_at"), "sign_in_attempts", ["last_at"])
    op.create_table(
        "started_sign_ins",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        _of_user("started_sign_ins"),
        _key("started_sign_ins", "token_sha256"),
    )
    op.create_index(op.f("ix_started_sign_ins_user_id"), "started_sign_ins", ["user_id"])
    op.create_table(
        "totp_secrets",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        _of_user("totp_secrets"),
        _key("totp_secrets", "user_id"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("code_mac", sa.String(length=64), nullable=False),
        _of_user("recovery_codes"),
        _key("recovery_codes", "user_id", "code_mac"),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("rp_id", sa.String(length=253), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("is_backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        _of_user("passkeys"),
        _key("passkeys", "id"),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_index(op.f("ix_passkeys_user_id"), "passkeys", ["user_id"])
    op.create_table(
        "webauthn_challenges",
        sa.Column("challenge_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        _of_user("webauthn_challenges"),
        _key("webauthn_challenges", "challenge_sha256"),
    )
