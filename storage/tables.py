"""Every table of the database. What the rows mean is known by the packages that own them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets time zones; this gives them back, and refuses naive times."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _uid(name: str, **options: Any) -> Column[str]:
    return Column(name, String(64), **options)  # PS3.5 9.1: a UID has 64 characters at most


def _id(name: str = "id", *constraints: ForeignKey, **options: Any) -> Column[str]:
    return Column(name, String(36), *constraints, **options)


institutions = Table(
    "institutions",
    metadata,
    _id(primary_key=True),
    Column("name_en", String(200), nullable=False),
    Column("name_zh", String(200), nullable=False),
    # The one with the smallest number runs the archive: what scanners send there is its own.
    Column("position", Integer, nullable=False),
)

users = Table(
    "users",
    metadata,
    _id(primary_key=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("display_name", String(200), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("roles", JSON, nullable=False),
    Column("specialty", String(64)),
    Column("language", String(8), nullable=False),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False),
    Column("failed_logins", Integer, nullable=False, default=0),
    Column("next_login_at", UtcDateTime),
)

user_sessions = Table(
    "user_sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    _id("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

patients = Table(
    "patients",
    metadata,
    _id(primary_key=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False),
    Column("patient_id", String(64), nullable=False),
    Column("name", String(400), nullable=False),
    Column("birth_date", String(10)),
    Column("sex", String(1)),
    UniqueConstraint("institution_id", "patient_id"),
)

studies = Table(
    "studies",
    metadata,
    _uid("study_instance_uid", primary_key=True),
    _id("patient_id", ForeignKey("patients.id"), nullable=False, index=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    Column("study_date", String(10)),
    Column("study_description", String(400)),
    _id("uploaded_by", ForeignKey("users.id")),
    Column("received_at", UtcDateTime, nullable=False),
)

series = Table(
    "series",
    metadata,
    _uid("series_instance_uid", primary_key=True),
    Column(
        "study_instance_uid",
        String(64),
        ForeignKey("studies.study_instance_uid"),
        nullable=False,
        index=True,
    ),
    Column("modality", String(16), nullable=False),
    Column("series_number", Integer),
    Column("description", String(400)),
    Column("body_part", String(64)),
    Column("last_arrival_at", UtcDateTime, nullable=False),
    Column("verdict", String(24)),  # null: not put through the gate since the last arrival
    Column("model", String(64)),
    Column("reasons", JSON, nullable=False),
)

instances = Table(
    "instances",
    metadata,
    _uid("sop_instance_uid", primary_key=True),
    Column(
        "series_instance_uid",
        String(64),
        ForeignKey("series.series_instance_uid"),
        nullable=False,
        index=True,
    ),
    _uid("sop_class_uid", nullable=False),
    Column("orthanc_id", String(44), nullable=False, index=True),
    Column("instance_number", Integer),
    Column("position_mm", Float),  # along the slice normal
    Column("number_of_frames", Integer, nullable=False),
    Column("is_image", Boolean, nullable=False),
)

# Written before an upload is handed to the archive: whoever sees it arrive there knows whose it is,
# even when the upload's own process died in between.
expected_instances = Table(
    "expected_instances",
    metadata,
    _uid("sop_instance_uid", primary_key=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False),
    _id("user_id", ForeignKey("users.id")),
)

uploads = Table(
    "uploads",
    metadata,
    _id(primary_key=True),
    _id("user_id", ForeignKey("users.id"), nullable=False),
    _id("consult_id"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("completed_at", UtcDateTime),
)

upload_files = Table(
    "upload_files",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _id("upload_id", ForeignKey("uploads.id"), nullable=False, index=True),
    Column("path", String(1000), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("reason", JSON),
    Column("already_present", Boolean, nullable=False),
    _uid("study_instance_uid"),
    _uid("series_instance_uid"),
    _uid("sop_instance_uid"),
    Column("quarantine_key", String(200)),
)

change_feed = Table(
    "change_feed",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("last_sequence", Integer, nullable=False),
)

inference_jobs = Table(
    "inference_jobs",
    metadata,
    _id(primary_key=True),
    Column(
        "study_instance_uid",
        String(64),
        ForeignKey("studies.study_instance_uid"),
        nullable=False,
        index=True,
    ),
    _uid("series_instance_uid", nullable=False),
    Column("model", String(64), nullable=False),
    Column("instances_sha256", String(64), nullable=False),  # of the sorted SOP Instance UIDs it reads
    Column("status", String(16), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("lease_token", Integer, nullable=False),  # the fencing token: grows with every lease
    Column("lease_expires_at", UtcDateTime),
    Column("nudged_at", UtcDateTime),
    Column("progress", Float, nullable=False),
    Column("stage", String(64)),
    Column("reason", JSON),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    UniqueConstraint("series_instance_uid", "model", "instances_sha256"),
)

findings = Table(
    "findings",
    metadata,
    _id(primary_key=True),
    _id("job_id", ForeignKey("inference_jobs.id"), nullable=False, index=True),
    Column(
        "study_instance_uid",
        String(64),
        ForeignKey("studies.study_instance_uid"),
        nullable=False,
        index=True,
    ),
    Column("record", JSON, nullable=False),  # imaging.finding.Finding
    Column("status", String(16), nullable=False),
    _id("decided_by", ForeignKey("users.id")),
    Column("decided_at", UtcDateTime),
    Column("decision_reason", Text),
    Column("version", Integer, nullable=False),
)

consults = Table(
    "consults",
    metadata,
    _id(primary_key=True),
    Column("status", String(16), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    _id("patient_id", ForeignKey("patients.id"), nullable=False),
    Column("question", Text, nullable=False),
    Column("urgency", String(16), nullable=False),
    Column("specialty", String(64), nullable=False),
    Column("legal_role", String(24), nullable=False),
    Column("consent", JSON, nullable=False),
    _id("requested_by", ForeignKey("users.id"), nullable=False),
    _id("inviting_institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    _id("specialist_id", ForeignKey("users.id"), index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("history", JSON, nullable=False),
)

consult_studies = Table(
    "consult_studies",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    Column(
        "study_instance_uid",
        String(64),
        ForeignKey("studies.study_instance_uid"),
        primary_key=True,
    ),
    Column("added_at", UtcDateTime, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    Column("status", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("findings_text", Text, nullable=False),
    Column("conclusion", Text, nullable=False),
    Column("recommendation", Text, nullable=False),
    _id("signed_by", ForeignKey("users.id")),
    Column("signed_at", UtcDateTime),
    Column("pdf_key", String(200)),
    Column("pdf_sha256", String(64)),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("details", JSON, nullable=False),
    Column("previous_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
)
