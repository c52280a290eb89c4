"""Jobs for parts of a series, and which come first

Revision: 0003
After: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BEFORE = "uq_inference_jobs_series_instance_uid_model_instances_sha256"
_AFTER = "uq_inference_jobs_input"


def upgrade() -> None:
    with op.batch_alter_table("inference_jobs") as batch_op:
        batch_op.add_column(
            sa.Column("slab_index", sa.Integer(), server_default="-2147483648", nullable=False)
        )
        batch_op.add_column(sa.Column("slab", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("reading", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("priority", sa.Integer(), server_default="1", nullable=False))
        batch_op.drop_constraint(batch_op.f(_BEFORE), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f(_AFTER), ["series_instance_uid", "model", "slab_index", "instances_sha256"]
        )


def downgrade() -> None:
    op.execute("DELETE FROM inference_jobs WHERE slab_index <> -2147483648")
    with op.batch_alter_table("inference_jobs") as batch_op:
        batch_op.drop_constraint(batch_op.f(_AFTER), type_="unique")
        batch_op.create_unique_constraint(
            batch_op.f(_BEFORE), ["series_instance_uid", "model", "instances_sha256"]
        )
        batch_op.drop_column("priority")
        batch_op.drop_column("reading")
        batch_op.drop_column("slab")
        batch_op.drop_column("slab_index")
