"""Where the pieces of stills and scans lie, written down instead of derived from their key

Revision: 0032
After: 0031
"""

from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stills", sa.Column("kept_at", sa.String(length=200), nullable=True))
    op.add_column("consents", sa.Column("scan_kept_at", sa.String(length=200), nullable=True))
    _fill("stills", "wrapped_key", "kept_at")
    _fill("consents", "scan_wrapped_key", "scan_kept_at")


def _fill(name: str, key: str, place: str) -> None:
    """Until now it followed from the wrapped key."""
    rows = sa.table(name, sa.column("id"), sa.column(key, sa.LargeBinary), sa.column(place))
    connection = op.get_bind()
    kept = sa.select(rows.c.id, rows.c[key]).where(rows.c[key].is_not(None))
    for record, wrapped in connection.execute(kept).all():
        where = f"{name}/{record}/{sha256(wrapped).hexdigest()[:16]}"
        connection.execute(sa.update(rows).where(rows.c.id == record).values({place: where}))
