"""Every way in

Revision: 0002
After: 0001
"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dicom_peers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("ae_title", sa.String(length=16), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("description", sa.String(length=200), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_dicom_peers_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dicom_peers")),
        sa.UniqueConstraint("ae_title", "address", name=op.f("uq_dicom_peers_ae_title_address")),
    )
    op.create_table(
        "remote_archives",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ae_title", sa.String(length=16), nullable=True),
        sa.Column("host", sa.String(length=200), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("retrieve_by", sa.String(length=16), nullable=True),
        sa.Column("url", sa.String(length=500), nullable=True),
        sa.Column("username", sa.String(length=200), nullable=True),
        sa.Column("password_file", sa.String(length=500), nullable=True),
        sa.Column("prior_rule", sa.JSON(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_remote_archives_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remote_archives")),
    )
    with op.batch_alter_table("remote_archives") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_remote_archives_institution_id"), ["institution_id"], unique=False
        )

    op.create_table(
        "patient_merges",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("from_patient_id", sa.String(length=36), nullable=False),
        sa.Column("into_patient_id", sa.String(length=36), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("merged_by", sa.String(length=36), nullable=False),
        sa.Column("merged_at", UtcDateTime(), nullable=False),
        sa.Column("undone_by", sa.String(length=36), nullable=True),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_patient_merges_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["into_patient_id"], ["patients.id"], name=op.f("fk_patient_merges_into_patient_id")
        ),
        sa.ForeignKeyConstraint(["merged_by"], ["users.id"], name=op.f("fk_patient_merges_merged_by")),
        sa.ForeignKeyConstraint(["undone_by"], ["users.id"], name=op.f("fk_patient_merges_undone_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient_merges")),
    )
    with op.batch_alter_table("patient_merges") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_patient_merges_institution_id"), ["institution_id"], unique=False
        )

    op.create_table(
        "retention_rules",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=True),
        sa.Column("older_than_days", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_retention_rules_created_by")),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_retention_rules_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_rules")),
    )
    with op.batch_alter_table("retention_rules") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_retention_rules_institution_id"), ["institution_id"], unique=False
        )

    op.create_table(
        "retrievals",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("archive_id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("study_description", sa.String(length=400), nullable=True),
        sa.Column("requested_by", sa.String(length=36), nullable=True),
        sa.Column("prior_of", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("expected_count", sa.Integer(), nullable=True),
        sa.Column("received_count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("lease_expires_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["archive_id"], ["remote_archives.id"], name=op.f("fk_retrievals_archive_id")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_retrievals_institution_id")
        ),
        sa.ForeignKeyConstraint(["requested_by"], ["users.id"], name=op.f("fk_retrievals_requested_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retrievals")),
    )
    with op.batch_alter_table("retrievals") as batch_op:
        batch_op.create_index(batch_op.f("ix_retrievals_archive_id"), ["archive_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_retrievals_institution_id"), ["institution_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_retrievals_status"), ["status"], unique=False)

    op.create_table(
        "prior_searches",
        sa.Column("archive_id", sa.String(length=36), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["archive_id"], ["remote_archives.id"], name=op.f("fk_prior_searches_archive_id")
        ),
        sa.PrimaryKeyConstraint("archive_id", "study_instance_uid", name=op.f("pk_prior_searches")),
    )

    op.create_table(
        "scheduled_procedures",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("patient_name", sa.String(length=400), nullable=False),
        sa.Column("patient_birth_date", sa.String(length=10), nullable=True),
        sa.Column("patient_sex", sa.String(length=1), nullable=True),
        sa.Column("accession_number", sa.String(length=16), nullable=False),
        sa.Column("requested_procedure_id", sa.String(length=16), nullable=False),
        sa.Column("scheduled_procedure_step_id", sa.String(length=16), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("procedure_description", sa.String(length=64), nullable=True),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("scheduled_station_ae_title", sa.String(length=16), nullable=True),
        sa.Column("scheduled_at", UtcDateTime(), nullable=False),
        sa.Column("performing_physician_name", sa.String(length=200), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_scheduled_procedures_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_scheduled_procedures_institution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_procedures")),
        sa.UniqueConstraint("study_instance_uid", name=op.f("uq_scheduled_procedures_study_instance_uid")),
    )
    with op.batch_alter_table("scheduled_procedures") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_scheduled_procedures_institution_id"), ["institution_id"], unique=False
        )

    op.create_table(
        "storage_commitments",
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("peer_id", sa.String(length=36), nullable=False),
        sa.Column("references", sa.JSON(), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("reported_at", UtcDateTime(), nullable=True),
        sa.Column("failed_count", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["peer_id"], ["dicom_peers.id"], name=op.f("fk_storage_commitments_peer_id")),
        sa.PrimaryKeyConstraint("transaction_uid", name=op.f("pk_storage_commitments")),
    )
    op.create_table(
        "instance_conflicts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("study_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("upload_id", sa.String(length=36), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("quarantine_key", sa.String(length=200), nullable=True),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_by", sa.String(length=36), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_instance_conflicts_institution_id")
        ),
        sa.ForeignKeyConstraint(
            ["resolved_by"], ["users.id"], name=op.f("fk_instance_conflicts_resolved_by")
        ),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name=op.f("fk_instance_conflicts_upload_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_conflicts")),
        sa.UniqueConstraint(
            "sop_instance_uid", "sha256", name=op.f("uq_instance_conflicts_sop_instance_uid_sha256")
        ),
    )
    with op.batch_alter_table("instance_conflicts") as batch_op:
        batch_op.create_index(
            batch_op.f("ix_instance_conflicts_sop_instance_uid"), ["sop_instance_uid"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_instance_conflicts_study_instance_uid"), ["study_instance_uid"], unique=False
        )

    op.create_table(
        "upload_chunks",
        sa.Column("institution_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("arrived_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["institution_id"], ["institutions.id"], name=op.f("fk_upload_chunks_institution_id")
        ),
        sa.PrimaryKeyConstraint("institution_id", "sha256", name=op.f("pk_upload_chunks")),
    )
    with op.batch_alter_table("upload_files") as batch_op:
        batch_op.add_column(sa.Column("sha256", sa.String(length=64), nullable=True))

    with op.batch_alter_table("instances") as batch_op:
        batch_op.add_column(sa.Column("size_bytes", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("sha256", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("verified_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("arrived_at", UtcDateTime(), nullable=True))
        batch_op.create_index(batch_op.f("ix_instances_sha256"), ["sha256"], unique=False)

    with op.batch_alter_table("series") as batch_op:
        batch_op.add_column(sa.Column("facts", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("expected_count", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("completed_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("completed_count", sa.Integer(), nullable=True))

    op.create_table(
        "archive_removals",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("orthanc_id", sa.String(length=44), nullable=True),
        sa.Column("object_key", sa.String(length=200), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_archive_removals")),
    )
    with op.batch_alter_table("archive_removals") as batch_op:
        batch_op.create_index(batch_op.f("ix_archive_removals_orthanc_id"), ["orthanc_id"], unique=False)

    with op.batch_alter_table("patients") as batch_op:
        batch_op.add_column(sa.Column("merged_into", sa.String(length=36), nullable=True))

    with op.batch_alter_table("studies") as batch_op:
        batch_op.add_column(sa.Column("deleted_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("deleted_by", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("deletion_reason", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("tier", sa.String(length=16), server_default="archive", nullable=False))

    with op.batch_alter_table("uploads") as batch_op:
        batch_op.add_column(sa.Column("institution_id", sa.String(length=36), nullable=True))
        batch_op.add_column(
            sa.Column("source", sa.String(length=16), server_default="browser", nullable=False)
        )
        batch_op.add_column(sa.Column("peer", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("expected_series", sa.JSON(), nullable=True))
        batch_op.alter_column("user_id", existing_type=sa.VARCHAR(length=36), nullable=True)
        batch_op.create_foreign_key(
            batch_op.f("fk_uploads_institution_id"), "institutions", ["institution_id"], ["id"]
        )
    op.execute(
        "UPDATE uploads SET institution_id ="
        " (SELECT institution_id FROM users WHERE users.id = uploads.user_id)"
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup that was made before the upgrade")
