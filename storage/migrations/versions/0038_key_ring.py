"""Keys of institutions, in versions; keys of what is kept encrypted in a table of their own

Revision: 0038
After: 0037
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

# From before there were owners: storage.key_ring. The app brings all over to their institutions' own.
FIRST = "'installation', 0"
KEPT = {
    "stills": ("kept.kept_at", "wrapped_key"),
    "consents": ("kept.scan_kept_at", "scan_wrapped_key"),
    "recordings": ("'recordings/' || kept.id", "wrapped_key"),
}


def upgrade() -> None:
    keys = op.create_table(
        "encryption_keys",
        sa.Column("owner", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "version", name=op.f("pk_encryption_keys")),
    )
    op.create_table(
        "data_keys",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("belongs_to", sa.String(length=36), nullable=False),
        sa.Column("key_owner", sa.String(length=36), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_keys")),
        sa.ForeignKeyConstraint(
            ["key_owner", "key_version"],
            ["encryption_keys.owner", "encryption_keys.version"],
            name=op.f("fk_data_keys_key_owner"),
        ),
    )
    op.create_index("ix_data_keys_key_owner", "data_keys", ["key_owner", "key_version"])
    op.bulk_insert(keys, [{"owner": "installation", "version": 0, "made_at": datetime.now(UTC)}])
    for table, (place, key) in KEPT.items():
        op.execute(
            "INSERT INTO data_keys (id, belongs_to, key_owner, key_version, wrapped_key)"
            f" SELECT {place}, consults.inviting_institution_id, {FIRST}, kept.{key}"
            f" FROM {table} AS kept JOIN consults ON consults.id = kept.consult_id"
            f" WHERE kept.{key} IS NOT NULL"
        )
        op.drop_column(table, key)
    op.execute(
        "DELETE FROM encryption_keys WHERE NOT EXISTS (SELECT 1 FROM data_keys)"
    )
