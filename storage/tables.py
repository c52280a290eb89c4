"""Every table of the database. What the rows mean is known by the packages that own them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    and_,
    false,
    func,
)

from storage import worklist_index

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
    Column("second_factor_roles", JSON, nullable=False, server_default="[]"),  # who must have one
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
    Column("knows_first_steps", Boolean, nullable=False, server_default=false()),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False),
    Column("disabled_at", UtcDateTime),  # null: may sign in
)

user_sessions = Table(
    "user_sessions",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    _id("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("proved_at", UtcDateTime),  # when its user last proved who it is; null: at the sign-in
    Column("last_seen_at", UtcDateTime),
    Column("address", String(64)),
    Column("agent", String(300)),
)

sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("name_sha256", String(64), primary_key=True),  # or "": all names from one address
    Column("address", String(64), primary_key=True),  # or "": one name from all addresses
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
    Column("next_at", UtcDateTime, nullable=False),
)

# The password was right, the second factor is still to come.
started_sign_ins = Table(
    "started_sign_ins",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    _id("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("expires_at", UtcDateTime, nullable=False),
)

# A sign-in that a hospital's identity provider is to complete; the browser that began it keeps a token.
oidc_sign_ins = Table(
    "oidc_sign_ins",
    metadata,
    Column("state_sha256", String(64), primary_key=True),
    Column("browser_sha256", String(64), nullable=False),
    Column("provider", String(32), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("code_verifier", String(128), nullable=False),
    Column("redirect_uri", String(300), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

# Who of a provider's users has which account here.
oidc_identities = Table(
    "oidc_identities",
    metadata,
    Column("issuer", String(300), primary_key=True),
    Column("subject", String(255), primary_key=True),
    _id("user_id", ForeignKey("users.id"), nullable=False, unique=True),
)

totp_secrets = Table(
    "totp_secrets",
    metadata,
    _id("user_id", ForeignKey("users.id"), primary_key=True),
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),  # null: not in use yet
    Column("last_step", BigInteger),  # of the last code that was taken: no code counts twice
)

# A used one is deleted.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    _id("user_id", ForeignKey("users.id"), primary_key=True),
    Column("code_mac", String(64), primary_key=True),
)

passkeys = Table(
    "passkeys",
    metadata,
    _id(primary_key=True),
    _id("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("credential_id", String(1400), nullable=False, unique=True),  # base64url of at most 1023 bytes
    Column("public_key", LargeBinary, nullable=False),  # SubjectPublicKeyInfo, DER
    Column("rp_id", String(253), nullable=False),  # the host name for which it was made
    Column("name", String(80), nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("is_backed_up", Boolean, nullable=False),  # its maker keeps a copy, on other devices too
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
)

webauthn_challenges = Table(
    "webauthn_challenges",
    metadata,
    Column("challenge_sha256", String(64), primary_key=True),
    _id("user_id", ForeignKey("users.id")),  # null: for whoever signs in by a passkey alone
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
    _id("merged_into"),  # the patient under whom this one's studies are shown until it is undone
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
    Column("accession_number", String(16)),  # DICOM (0008,0050), VR SH
    _id("uploaded_by", ForeignKey("users.id")),
    Column("received_at", UtcDateTime, nullable=False),
    # A deleted study leaves its row, so that consults and reports still say what they were about.
    Column("deleted_at", UtcDateTime),
    _id("deleted_by"),
    Column("deletion_reason", Text),
    Column("tier", String(16), nullable=False, server_default="archive"),  # lifecycle.tiering.Tier
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
    Column("facts", JSON),  # what the gate measured: imaging.series_facts
    Column("expected_count", Integer),  # instances, where an upload's manifest or the header says it
    Column("completed_at", UtcDateTime),
    Column("completed_count", Integer),  # instances it had when it was last taken for complete
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
    Column("size_bytes", Integer),
    # Of the file as it was sent; null for what came into the archive past us until it was looked at.
    Column("sha256", String(64), index=True),
    Column("verified_at", UtcDateTime),  # the archive read it back and it was the same
    Column("arrived_at", UtcDateTime),
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
    _id("user_id", ForeignKey("users.id")),  # null: no person sent it, but a scanner or an archive
    _id("institution_id", ForeignKey("institutions.id")),
    Column("source", String(16), nullable=False, server_default="browser"),
    Column("peer", String(200)),  # AE title, address, folder or archive it came from
    Column("expected_series", JSON),  # {Series Instance UID: instances}, as the sender counted them
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
    Column("sha256", String(64)),
)

# Parts of large files that have come and wait to be put together; the bytes are in the object store.
upload_chunks = Table(
    "upload_chunks",
    metadata,
    _id("institution_id", ForeignKey("institutions.id"), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("size_bytes", Integer, nullable=False),
    Column("arrived_at", UtcDateTime, nullable=False),
)

# The same SOP Instance UID with other pixels: the first one stays, the other is kept apart and shown.
instance_conflicts = Table(
    "instance_conflicts",
    metadata,
    _id(primary_key=True),
    _uid("sop_instance_uid", nullable=False, index=True),
    _uid("study_instance_uid", nullable=False, index=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False),
    _id("upload_id", ForeignKey("uploads.id")),
    Column("sha256", String(64), nullable=False),
    Column("quarantine_key", String(200)),
    Column("found_at", UtcDateTime, nullable=False),
    Column("resolved_at", UtcDateTime),
    _id("resolved_by", ForeignKey("users.id")),
    Column("resolution", Text),
    UniqueConstraint("sop_instance_uid", "sha256"),
)

# Who may open DICOM associations with our gateway, and for which institution what they send is.
dicom_peers = Table(
    "dicom_peers",
    metadata,
    _id(primary_key=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False),
    Column("ae_title", String(16), nullable=False),
    Column("address", String(64), nullable=False),  # an IP address or network, CIDR
    Column("port", Integer),  # where it listens; needed for storage commitment reports
    Column("description", String(200)),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("ae_title", "address"),
)

# PS3.4 annex K: what is planned on which scanner, served as modality worklist.
scheduled_procedures = Table(
    "scheduled_procedures",
    metadata,
    _id(primary_key=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    Column("patient_id", String(64), nullable=False),
    Column("patient_name", String(400), nullable=False),
    Column("patient_birth_date", String(10)),
    Column("patient_sex", String(1)),
    Column("accession_number", String(16), nullable=False),
    Column("requested_procedure_id", String(16), nullable=False),
    Column("scheduled_procedure_step_id", String(16), nullable=False),
    _uid("study_instance_uid", nullable=False, unique=True),
    Column("procedure_description", String(64)),
    Column("modality", String(16), nullable=False),
    Column("scheduled_station_ae_title", String(16)),
    Column("scheduled_at", UtcDateTime, nullable=False),
    Column("performing_physician_name", String(200)),
    Column("status", String(16), nullable=False),
    _id("created_by", ForeignKey("users.id")),
    Column("created_at", UtcDateTime, nullable=False),
)

storage_commitments = Table(
    "storage_commitments",
    metadata,
    _uid("transaction_uid", primary_key=True),
    _id("peer_id", ForeignKey("dicom_peers.id"), nullable=False),
    Column("references", JSON, nullable=False),  # [[SOP class UID, SOP instance UID], ...]
    Column("requested_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime),  # null: reported, or given up
    Column("reported_at", UtcDateTime),
    Column("failed_count", Integer),
)

# Archives of other hospitals that are searched, and from which studies are fetched.
remote_archives = Table(
    "remote_archives",
    metadata,
    _id(primary_key=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(16), nullable=False),  # dimse, dicomweb
    Column("ae_title", String(16)),
    Column("host", String(200)),
    Column("port", Integer),
    Column("retrieve_by", String(16)),  # c-move, c-get
    Column("url", String(500)),
    Column("username", String(200)),
    Column("password_file", String(500)),
    Column("prior_rule", JSON(none_as_null=True)),  # null: no priors are fetched from here
    Column("created_at", UtcDateTime, nullable=False),
)

retrievals = Table(
    "retrievals",
    metadata,
    _id(primary_key=True),
    _id("archive_id", ForeignKey("remote_archives.id"), nullable=False, index=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    _uid("study_instance_uid", nullable=False),
    Column("study_description", String(400)),
    _id("requested_by", ForeignKey("users.id")),  # null: a rule asked
    _uid("prior_of"),  # the study whose arrival asked for it
    Column("status", String(16), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("expected_count", Integer),
    Column("received_count", Integer, nullable=False),
    Column("reason", JSON),
    Column("created_at", UtcDateTime, nullable=False),
    Column("lease_expires_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
)

# Whether another archive was asked for a study's priors. next_at: it did not answer and is asked again then.
prior_searches = Table(
    "prior_searches",
    metadata,
    _id("archive_id", ForeignKey("remote_archives.id"), primary_key=True),
    _uid("study_instance_uid", primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcDateTime),
)

retention_rules = Table(
    "retention_rules",
    metadata,
    _id(primary_key=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    Column("modality", String(16)),  # null: any
    Column("older_than_days", Integer, nullable=False),  # since the study was received
    Column("action", String(16), nullable=False),  # delete, cold
    _id("created_by", ForeignKey("users.id")),
    Column("created_at", UtcDateTime, nullable=False),
)

patient_merges = Table(
    "patient_merges",
    metadata,
    _id(primary_key=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    _id("from_patient_id", nullable=False),
    _id("into_patient_id", ForeignKey("patients.id"), nullable=False),
    Column("record", JSON, nullable=False),  # the patient's row and what was moved, to undo it
    _id("merged_by", ForeignKey("users.id"), nullable=False),
    Column("merged_at", UtcDateTime, nullable=False),
    _id("undone_by", ForeignKey("users.id")),
    Column("undone_at", UtcDateTime),
)

# What our rows no longer know, and the archive or the object store is still to forget.
archive_removals = Table(
    "archive_removals",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("orthanc_id", String(44), index=True),
    Column("object_key", String(200)),
    Column("asked_at", UtcDateTime, nullable=False),
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
    Column("slab_index", Integer, nullable=False, server_default="-2147483648"),  # inference_job.WHOLE_SERIES
    Column("instances_sha256", String(64), nullable=False),  # of the sorted SOP Instance UIDs it reads
    Column("slab", JSON(none_as_null=True)),  # inference.slabs.SlabInput
    # What was read beside findings: in a slab, for whoever merges; on mammograms, the measures of the breast.
    Column("reading", JSON(none_as_null=True)),
    Column("priority", Integer, nullable=False, server_default="1"),  # inference.inference_job.Priority
    Column("status", String(16), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("server_ends", Integer, nullable=False, server_default="0"),  # while it was read; no attempts
    Column("lease_token", Integer, nullable=False),  # the fencing token: grows with every lease
    Column("lease_expires_at", UtcDateTime),
    Column("leased_by", String(128)),  # the worker that had it last; null: it has no name
    Column("nudged_at", UtcDateTime),
    Column("progress", Float, nullable=False),
    Column("stage", String(64)),
    Column("reason", JSON),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    # Named by hand: the rule's name would be longer than PostgreSQL takes.
    UniqueConstraint(
        "series_instance_uid", "model", "slab_index", "instances_sha256", name="uq_inference_jobs_input"
    ),
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

# What readers made of a finding's box, each time. In force is that of a finding in status "edited" whose
# version is the finding's own; the finding's record stays what the model gave.
finding_edits = Table(
    "finding_edits",
    metadata,
    _id("finding_id", ForeignKey("findings.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("record", JSON, nullable=False),  # imaging.finding.Finding
    _id("edited_by", ForeignKey("users.id"), nullable=False),
    Column("edited_at", UtcDateTime, nullable=False),
)

edit_in_force = and_(
    finding_edits.c.finding_id == findings.c.id,
    finding_edits.c.version == findings.c.version,
    findings.c.status == "edited",
)

# What hospital IT has added or got with the program, and which version reads: inference.model_version
model_versions = Table(
    "model_versions",
    metadata,
    Column("name", String(48), primary_key=True),
    Column("version", String(32), primary_key=True),
    Column("slot", String(32), nullable=False, index=True),  # what the input gate calls model
    Column("is_shipped", Boolean, nullable=False),
    Column("weights_file", String(200), nullable=False),
    Column("weights_sha256", String(64), nullable=False),
    Column("bundle_sha256", String(64), nullable=False),  # over all its files: trust is in these, no others
    Column("licence", String(64)),  # SPDX; null: none that we know
    Column("licence_accepted_by", String(64)),
    Column("trusted_by", String(64)),  # who lets it run code of its own
    Column("trusted_at", UtcDateTime),
    Column("state", String(16), nullable=False),
    Column("state_reason", Text),
    Column("state_since", UtcDateTime, nullable=False),
    Column("activated_at", UtcDateTime),  # when it last began to read: the way back
    Column("added_by", String(64), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
)
# One version reads for a task, or none while it is suspended.
_IN_CHARGE = model_versions.c.state.in_(["active", "suspended"])
Index(
    "uq_model_versions_in_charge",
    model_versions.c.slot,
    unique=True,
    sqlite_where=_IN_CHARGE,
    postgresql_where=_IN_CHARGE,
)

model_evaluations = Table(
    "model_evaluations",
    metadata,
    _id(primary_key=True),
    Column("name", String(48), nullable=False, index=True),
    Column("version", String(32), nullable=False),
    Column("weights_sha256", String(64), nullable=False),
    Column("subject", String(300), nullable=False),  # what it was evaluated on
    Column("figures", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", String(64), nullable=False),
)

# What versions on trial find. Never shown, never sent to the archive.
shadow_findings = Table(
    "shadow_findings",
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
    Column("name", String(48), nullable=False),
    Column("version", String(32), nullable=False),
    Column("record", JSON, nullable=False),  # imaging.finding.Finding
)

# What is kept of each series that a model read: inference.observation. It outlives the job and the study.
model_observations = Table(
    "model_observations",
    metadata,
    _id("job_id", primary_key=True),
    Column("slot", String(32), nullable=False),
    Column("name", String(48), nullable=False),
    Column("version", String(32), nullable=False),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False),
    Column("manufacturer", String(64), nullable=False),
    Column("scanner_model", String(64), nullable=False),
    Column("kernel", String(64), nullable=False),
    Column("features", JSON, nullable=False),  # {name: number or null}
    Column("scores", JSON, nullable=False),  # probabilities of what was flagged
    Column("caution", JSON(none_as_null=True)),  # of the out-of-distribution gate
    Column("at", UtcDateTime, nullable=False),
    Index("ix_model_observations_version", "name", "version", "at"),
)

# What the watch over models calls people to: inference.model_watch. Open until what raised it is gone.
model_alarms = Table(
    "model_alarms",
    metadata,
    _id(primary_key=True),
    Column("name", String(48), nullable=False),
    Column("version", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("level", String(16), nullable=False),
    Column("subject", String(64), nullable=False),
    _id("institution_id", ForeignKey("institutions.id")),  # null: all sites
    Column("scanner", String(160)),  # null: all scanners
    Column("figures", JSON, nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("cleared_at", UtcDateTime),
    Index("ix_model_alarms_version", "name", "version"),
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
    Column("escalated_to", String(64)),  # a further specialty, once nobody accepted in time
    Column("legal_role", String(24), nullable=False),
    _id("requested_by", ForeignKey("users.id"), nullable=False),
    _id("inviting_institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    _id("specialist_id", ForeignKey("users.id"), index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("history", JSON, nullable=False),
    Column("form", String(16), nullable=False, server_default="call"),  # consult.ConsultForm
    Column("first_report", Text),  # for a second opinion
)

# Second opinions against the first report: teleconsult.opinions.comparison
comparisons = Table(
    "comparisons",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    Column("agreement", String(24), nullable=False),
    Column("difference", Text, nullable=False),
    Column("radpeer_score", String(2)),
    Column("version", Integer, nullable=False),
)

# Multidisciplinary consults: teleconsult.opinions.panel
panels = Table(
    "panels",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    Column("opened_at", UtcDateTime),
    Column("joint_draft", Text),
    Column("draft_number", Integer, nullable=False),
    Column("missing_reason", Text),
    Column("version", Integer, nullable=False),
)

panel_opinions = Table(
    "panel_opinions",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    Column("specialty", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    _id("named_id", ForeignKey("users.id")),
    _id("author_id", ForeignKey("users.id"), index=True),
    Column("text", Text, nullable=False),
    Column("given_at", UtcDateTime),
    Column("answered_draft", Integer),
    Column("agrees", Boolean),
    Column("dissent", Text, nullable=False),
)

# teleconsult.consents.consent; one that was withdrawn stays.
consents = Table(
    "consents",
    metadata,
    _id(primary_key=True),
    _id("consult_id", ForeignKey("consults.id"), nullable=False, index=True),
    Column("method", String(16), nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("text_id", String(64)),
    Column("text_version", Integer),
    Column("text_language", String(8)),
    Column("giver", String(16)),
    Column("relation", String(100)),
    Column("signature", String(100)),
    Column("witness", String(100)),
    Column("note", Text),
    _id("recorded_by", ForeignKey("users.id")),  # null: signed by a patient's link
    Column("scan_content_type", String(32)),
    Column("scan_size_bytes", Integer),
    Column("scan_sha256", String(64)),
    Column("scan_kept_at", String(200)),  # data_keys.id: the prefix of its pieces in the object store
    Column("withdrawn_at", UtcDateTime),
    _id("withdrawn_by", ForeignKey("users.id")),  # null: by a patient's link
    Column("withdrawal_reason", Text),
    Column("reviewed_at", UtcDateTime),
    _id("reviewed_by", ForeignKey("users.id")),
    Column("review_note", Text),
)

# A case opened in an emergency by who has no part in it: teleconsult.emergency_access.emergency_access
emergency_accesses = Table(
    "emergency_accesses",
    metadata,
    _id(primary_key=True),
    _id("consult_id", ForeignKey("consults.id"), nullable=False, index=True),
    _id("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("reviewed_at", UtcDateTime),
    _id("reviewed_by", ForeignKey("users.id")),
    Column("verdict", String(16)),
    Column("review_note", Text),
)

# By which patients take part without an account: teleconsult.patient_links.link
patient_links = Table(
    "patient_links",
    metadata,
    _id(primary_key=True),
    _id("consult_id", ForeignKey("consults.id"), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(200), nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("code_sha256", String(64), nullable=False),
    _id("created_by", ForeignKey("users.id"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("opened_at", UtcDateTime),
    Column("session_sha256", String(64)),  # of the one browser that has it
    _id("consent_id", ForeignKey("consents.id")),
    Column("phase", String(16), nullable=False),
    Column("seen_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    _id("revoked_by", ForeignKey("users.id")),
)

# Who may ask whom, and for what: teleconsult.agreements.agreement
agreements = Table(
    "agreements",
    metadata,
    _id(primary_key=True),
    _id("inviting_institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    _id("invited_institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("proposed_at", UtcDateTime, nullable=False),
    _id("proposed_by", ForeignKey("users.id")),
    _id("proposing_institution_id", ForeignKey("institutions.id")),  # null: carried over, nobody proposed it
    Column("accepted_at", UtcDateTime),
    _id("accepted_by", ForeignKey("users.id")),
    Column("ended_at", UtcDateTime),
    _id("ended_by", ForeignKey("users.id")),
    Column("end_reason", Text),
)

agreement_scopes = Table(
    "agreement_scopes",
    metadata,
    _id("agreement_id", ForeignKey("agreements.id"), primary_key=True),
    Column("specialty", String(64), primary_key=True),
    Column("legal_role", String(24), primary_key=True),
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
        index=True,
    ),
    Column("added_at", UtcDateTime, nullable=False),
)

# What was given of the patient's history with a consult. Wrong entries stay, and say that they are.
history_entries = Table(
    "history_entries",
    metadata,
    _id(primary_key=True),
    _id("consult_id", ForeignKey("consults.id"), nullable=False, index=True),
    Column("position", Integer, nullable=False),  # of the consult's entries, from 1
    Column("record", JSON, nullable=False),  # teleconsult.patient_history.record
    _id("given_by", ForeignKey("users.id"), nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
    Column("in_error_at", UtcDateTime),
    _id("in_error_by", ForeignKey("users.id")),
    Column("in_error_reason", Text),
    UniqueConstraint("consult_id", "position"),
)

# What the two sides of a consult write to each other. A withdrawn message stays, and says that it is.
chat_messages = Table(
    "chat_messages",
    metadata,
    _id(primary_key=True),
    _id("consult_id", ForeignKey("consults.id"), nullable=False),
    Column("number", Integer, nullable=False),  # of the consult's messages, from 1
    _id("author", ForeignKey("users.id"), nullable=False),
    Column("written_at", UtcDateTime, nullable=False),
    Column("text", Text, nullable=False),
    Column("earlier", JSON, nullable=False),  # the texts before: [{text, until}, ...]
    Column("attachment", JSON(none_as_null=True)),  # teleconsult.chat.message.Attachment
    Column("withdrawn_at", UtcDateTime),
    Column("withdrawal_reason", Text),
    UniqueConstraint("consult_id", "number"),
    Index("ix_chat_messages_author_written_at", "author", "written_at"),
)

chat_reads = Table(
    "chat_reads",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    _id("user_id", ForeignKey("users.id"), primary_key=True),
    Column("number", Integer, nullable=False),  # of the last message that the user has seen
)

kept_measurements = Table(
    "kept_measurements",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    Column("id", String(64), primary_key=True),  # its page's own
    _id("owner_id", ForeignKey("users.id"), nullable=False),
    Column("measurement", JSON, nullable=False),  # signaling.measurement.ImageMeasurement
    Column("kept_at", UtcDateTime, nullable=False),
)

# Images of a study that somebody marked as worth showing. Their image may leave the study, they stay.
key_images = Table(
    "key_images",
    metadata,
    _id(primary_key=True),  # its page's own
    Column(
        "study_instance_uid",
        String(64),
        ForeignKey("studies.study_instance_uid"),
        nullable=False,
        index=True,
    ),
    _uid("series_instance_uid", nullable=False),
    _uid("sop_instance_uid", nullable=False),
    Column("frame", Integer, nullable=False),  # zero-based
    Column("window_center", Float),
    Column("window_width", Float),
    Column("invert", Boolean, nullable=False),
    Column("rotation", Integer),  # degrees clockwise, after `flip`; null: it is not known how it lay
    Column("flip", Boolean),
    Column("note", Text, nullable=False),
    _id("made_by", ForeignKey("users.id"), nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("removed_at", UtcDateTime),
)

call_qualities = Table(
    "call_qualities",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    _id("user_id", ForeignKey("users.id"), primary_key=True),
    Column("call_id", String(32), primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("figures", JSON, nullable=False),
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
    Column("template_id", String(64)),
    Column("template_version", Integer),
    Column("written", JSON),  # what the writer set, by path: teleconsult.reports.structured; null: nothing
    Column("key_images", JSON(none_as_null=True)),  # ids that the writer chose; null: nobody chose
    _id("signed_by", ForeignKey("users.id")),
    Column("signed_at", UtcDateTime),
    Column("pdf_key", String(200)),
    Column("pdf_sha256", String(64)),
)
# Versions never change. Without an institution: they came with the program.
report_template_versions = Table(
    "report_template_versions",
    metadata,
    Column("template_id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _id("institution_id", ForeignKey("institutions.id"), index=True),
    Column("content", JSON, nullable=False),  # teleconsult.reports.template.Template
    Column("copied_from", String(64)),
    Column("published_at", UtcDateTime, nullable=False),
    _id("published_by", ForeignKey("users.id")),
)
# What an institution no longer offers to its writers.
report_template_retirements = Table(
    "report_template_retirements",
    metadata,
    Column("template_id", String(64), primary_key=True),
    _id("institution_id", ForeignKey("institutions.id"), primary_key=True),
    Column("retired_at", UtcDateTime, nullable=False),
    _id("retired_by", ForeignKey("users.id"), nullable=False),
)

report_versions = Table(
    "report_versions",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("accepted", Text, nullable=False),
    Column("findings_text", Text, nullable=False),
    Column("conclusion", Text, nullable=False),
    Column("recommendation", Text, nullable=False),
    Column("template_id", String(64)),
    Column("template_version", Integer),
    Column("entries", JSON),  # as printed: teleconsult.reports.structured.Entry; null: without a template
    Column("figures", JSON),  # as printed: teleconsult.reports.figures.Figure; null: it had none yet
    _id("signed_by_id", ForeignKey("users.id"), nullable=False),
    Column("signed_at", UtcDateTime, nullable=False),
    Column("has_time_stamp", Boolean, nullable=False),
    Column("pdf_key", String(200), nullable=False),
    Column("pdf_sha256", String(64), nullable=False),
    _uid("archived_in"),  # the study; null: the archive has not got it yet
)

recordings = Table(
    "recordings",
    metadata,
    _id(primary_key=True),
    _id("consult_id", ForeignKey("consults.id"), nullable=False, index=True),
    Column("status", String(16), nullable=False),
    Column("started_by", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("seen_at", UtcDateTime, nullable=False),  # when its recorder last said that it works
    Column("consents", JSON, nullable=False),
    Column("retention_class", String(16), nullable=False),
)

recording_parts = Table(
    "recording_parts",
    metadata,
    _id("recording_id", ForeignKey("recordings.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("content_type", String(32), nullable=False),
    Column("participant_id", String(64)),  # None: the log of the session
    Column("display_name", String(200)),
    Column("began_ms", Integer, nullable=False),  # since the recording's start
    Column("is_screen", Boolean, nullable=False, server_default=false()),
    Column("duration_ms", Integer, nullable=False),
    Column("pieces", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("lost_packets", Integer, nullable=False),
)

# storage.key_ring
encryption_keys = Table(
    "encryption_keys",
    metadata,
    _id("owner", primary_key=True),  # an institution, or the installation
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("wrapped_key", LargeBinary),  # by the installation's secret; null: it follows from that
    Column("made_at", UtcDateTime, nullable=False),
)

# Of what is kept encrypted: storage.sealed_stream
data_keys = Table(
    "data_keys",
    metadata,
    Column("id", String(200), primary_key=True),  # the prefix in the object store of all that it opens
    _id("belongs_to", nullable=False),  # the owner whose newest key it is to be wrapped by
    _id("key_owner", nullable=False),  # and whose it is wrapped by
    Column("key_version", Integer, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    ForeignKeyConstraint(["key_owner", "key_version"], [encryption_keys.c.owner, encryption_keys.c.version]),
    Index("ix_data_keys_key_owner", "key_owner", "key_version"),
)

# Still pictures from participants' cameras. A deleted one leaves its row, without key and picture.
stills = Table(
    "stills",
    metadata,
    _id(primary_key=True),
    _id("consult_id", ForeignKey("consults.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),  # of the consult's stills, from 1
    _id("taken_by", ForeignKey("users.id"), nullable=False),
    Column("taken_at", UtcDateTime, nullable=False),
    _id("camera_of", ForeignKey("users.id"), nullable=False),  # whose camera, or screen, it shows
    Column("source", String(16), nullable=False),  # camera, screen
    Column("title", String(200), nullable=False),
    Column("body_site", String(16)),
    Column("laterality", String(1)),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("kept_at", String(200)),  # data_keys.id: the prefix of its pieces in the store; null: deleted
    Column("archived_at", UtcDateTime),  # null: it is still on its way into the archive
    Column("deleted_at", UtcDateTime),
    _id("deleted_by", ForeignKey("users.id")),
    Column("deletion_reason", Text),
)

# A user's time zone, hours and reminders: teleconsult.scheduling.availability
calendars = Table(
    "calendars",
    metadata,
    _id("user_id", ForeignKey("users.id"), primary_key=True),
    Column("time_zone", String(64), nullable=False),
    Column("slot_minutes", Integer, nullable=False),
    Column("weekly", JSON, nullable=False),  # {ISO weekday: [[begins, ends], ...]}, minutes after midnight
    Column("exceptions", JSON, nullable=False),  # {date: the same}
    Column("reminders_min", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("feed_token_sha256", String(64), unique=True),  # null: nobody else reads this calendar
    Column("feed_made_at", UtcDateTime),
)

# The time a consult is planned for: teleconsult.scheduling.appointment
appointments = Table(
    "appointments",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    _id("specialist_id", ForeignKey("users.id"), nullable=False, index=True),
    _id("booked_by_id", ForeignKey("users.id"), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False, index=True),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("specialist_time_zone", String(64), nullable=False),
    Column("inviting_time_zone", String(64), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("called_off_at", UtcDateTime),
)

# Every five minutes that an appointment takes of its specialist: nobody is booked twice, by the primary key.
held_times = Table(
    "held_times",
    metadata,
    _id("user_id", ForeignKey("users.id"), primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    _id("consult_id", ForeignKey("consults.id"), nullable=False, index=True),
)

# Who is to be reminded of an appointment, and when.
reminders = Table(
    "reminders",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    _id("user_id", ForeignKey("users.id"), primary_key=True),
    Column("minutes_before", Integer, primary_key=True, autoincrement=False),
    Column("due_at", UtcDateTime, nullable=False, index=True),
    Column("sent_at", UtcDateTime),
    Column("seen_at", UtcDateTime),
)

# Who reads a study: whose it is to read, who has it open now, who has read it. teleconsult.worklist.reading
readings = Table(
    "readings",
    metadata,
    Column(
        "study_instance_uid", String(64), ForeignKey("studies.study_instance_uid"), primary_key=True
    ),
    _id("assigned_to", ForeignKey("users.id")),
    Column("assigned_at", UtcDateTime),
    _id("opened_by", ForeignKey("users.id")),
    Column("opened_at", UtcDateTime),
    Column("lease_expires_at", UtcDateTime, index=True),  # later than now: `opened_by` has it open
    _id("read_by", ForeignKey("users.id")),
    Column("read_at", UtcDateTime),
)

# One row for each study and each consult and each who always sees it, as the worklist filters and sorts
# them. Never written by hand: triggers derive it from the other tables, storage.worklist_index, which also
# makes the index that a search goes by.
worklist_items = Table(
    "worklist_items",
    metadata,
    _uid("id", primary_key=True),  # Study Instance UID, or the consult's id
    _id("reader", primary_key=True),  # an institution, or a person who has a part in a consult
    Column("kind", String(8), nullable=False),  # study, consult
    _id("institution_id", nullable=False),  # whose study it is, or who asks
    Column("arrived_at", UtcDateTime, nullable=False),
    Column("waiting_since", UtcDateTime, nullable=False),  # the year 9999: it does not wait
    Column("urgency", Integer, nullable=False),  # 0 routine, 1 urgent, 2 emergency; 0 once nobody waits
    Column("state", String(8), nullable=False),  # unread, read; waiting, active, finished
    _id("assigned_to"),
    Column("modalities", Text, nullable=False),  # " CT SR ": a blank before and behind each
    Column("body_parts", Text, nullable=False),  # "|CHEST|LOW LEG|"
    Column("undecided", Integer, nullable=False),  # findings
    Column("ai_category", Float, nullable=False),  # highest of what was not rejected: 4.2 for 4A
    Column("ai_probability", Float, nullable=False),  # highest of what was not rejected
    Column("ai_urgency", Float, nullable=False),  # highest category plus probability of what is undecided
    Column("search_text", Text, nullable=False),
)
# All that a page is filtered by lies in each index, so that no filter makes PostgreSQL visit the rows.
_FILTERED_BY = (
    "kind",
    "institution_id",
    "arrived_at",
    "urgency",
    "state",
    "assigned_to",
    "modalities",
    "body_parts",
    "undecided",
    "ai_category",
    "ai_probability",
)
for _name, _order in {
    "newest": ("arrived_at", "id"),
    "urgency": ("urgency", "arrived_at", "id"),
    "waiting": ("waiting_since", "id"),
    "ai": ("ai_urgency", "arrived_at", "id"),
}.items():
    Index(
        f"ix_worklist_items_{_name}",
        worklist_items.c.reader,
        *(worklist_items.c[column] for column in _order),
        postgresql_include=[column for column in _FILTERED_BY if column not in _order],
    )

Index(
    worklist_index.INDEX,
    func.worklist_terms(*(worklist_items.c[column] for column in worklist_index.INDEXED)),
    postgresql_using="gin",
).ddl_if(dialect="postgresql")

worklist_views = Table(
    "worklist_views",
    metadata,
    _id(primary_key=True),
    _id("user_id", ForeignKey("users.id"), nullable=False, index=True),
    _id("institution_id", ForeignKey("institutions.id"), nullable=False, index=True),
    Column("name", String(80), nullable=False),
    Column("query", String(1000), nullable=False),  # of the page's address
    Column("is_default", Boolean, nullable=False),  # the one that its owner's worklist opens with
    Column("is_shared", Boolean, nullable=False),  # all of the institution see it
    UniqueConstraint("user_id", "name"),
)

# For whom an urgent request rings: teleconsult.ringing
rings = Table(
    "rings",
    metadata,
    _id("consult_id", ForeignKey("consults.id"), primary_key=True),
    _id("user_id", ForeignKey("users.id"), primary_key=True, index=True),
    Column("rung", Integer, nullable=False),
    Column("rang_at", UtcDateTime, nullable=False),
    Column("dismissed_at", UtcDateTime),
)

# When the ladder of what waits goes on: teleconsult.escalation
escalations = Table(
    "escalations",
    metadata,
    _id("subject_id", primary_key=True),  # a consult's or a critical result's
    Column("ladder", String(32), nullable=False),
    Column("next_rung", Integer, nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, index=True),  # null: the ladder has no more
)

# What the inviting side must know, and acknowledges: teleconsult.critical_results.critical_result
critical_results = Table(
    "critical_results",
    metadata,
    _id(primary_key=True),
    _id("consult_id", ForeignKey("consults.id"), nullable=False, index=True),
    Column("category", String(16), nullable=False),
    Column("finding", Text, nullable=False),
    Column("status", String(16), nullable=False, index=True),
    _id("raised_by", ForeignKey("users.id"), nullable=False),
    Column("raised_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("told", JSON, nullable=False),
    Column("history", JSON, nullable=False),
)

# What users are told: teleconsult.notifications.notification
notifications = Table(
    "notifications",
    metadata,
    _id(primary_key=True),
    _id("user_id", ForeignKey("users.id"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("topic", String(16), nullable=False),
    _id("consult_id", ForeignKey("consults.id")),
    Column("named", JSON, nullable=False),  # what its sentence names; never a patient
    Column("created_at", UtcDateTime, nullable=False),
    Column("read_at", UtcDateTime),
    Index("ix_notifications_of_user", "user_id", "created_at"),
)

notification_choices = Table(
    "notification_choices",
    metadata,
    _id("user_id", ForeignKey("users.id"), primary_key=True),
    Column("channels", JSON, nullable=False),  # {topic: [channel, ...]}
    Column("email", String(254)),
    Column("phone", String(32)),
    Column("quiet_from", String(5)),  # HH:MM in the time zone; null: never quiet
    Column("quiet_until", String(5)),
    Column("time_zone", String(64), nullable=False),
)

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    _id(primary_key=True),
    _id("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("endpoint", String(1000), nullable=False, unique=True),
    Column("p256dh", String(100), nullable=False),
    Column("auth", String(32), nullable=False),
    Column("device", String(120), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

# What is to go out by other channels than the page: a queue with leases.
notification_deliveries = Table(
    "notification_deliveries",
    metadata,
    _id(primary_key=True),
    _id("notification_id", ForeignKey("notifications.id"), nullable=False, index=True),
    Column("channel", String(16), nullable=False),
    _id("subscription_id"),  # of a push; it may be gone by now
    Column("status", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, index=True),  # null: settled
    Column("lease_expires_at", UtcDateTime),
    Column("last_error", String(200)),
    Column("settled_at", UtcDateTime),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("actor", String(64), nullable=False, index=True),
    Column("action", String(64), nullable=False),
    Column("subject", String(200), nullable=False, index=True),
    Column("details", JSON, nullable=False),
    Column("previous_sha256", String(64), nullable=False),
    Column("sha256", String(64), nullable=False),
)

audit_checkpoints = Table(
    "audit_checkpoints",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("sha256", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("public_key", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
)

# How far the log was handed to a receiver; `turn` is counted on by whoever sends next.
audit_forwarding = Table(
    "audit_forwarding",
    metadata,
    Column("receiver", String(300), primary_key=True),
    Column("turn", Integer, nullable=False),
    Column("sent_sequence", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("next_turn_at", UtcDateTime, nullable=False),
    Column("alarmed_at", UtcDateTime),
)

# A backup that was begun: ended without a problem it has a name, else it came to nothing.
backups = Table(
    "backups",
    metadata,
    _id(primary_key=True),
    Column("began_at", UtcDateTime, nullable=False, index=True),
    Column("ended_at", UtcDateTime),
    Column("name", String(64)),
    Column("size_bytes", BigInteger),
    Column("verified_at", UtcDateTime),
    Column("problem", String(500)),
)

legal_holds = Table(
    "legal_holds",
    metadata,
    _id(primary_key=True),
    # consult/ID or study/UID
    Column("subject", String(80), nullable=False, index=True),
    Column("reason", String(500), nullable=False),
    Column("placed_at", UtcDateTime, nullable=False),
    # a user's id, or command-line
    Column("placed_by", String(64), nullable=False, server_default="command-line"),
    # whose it is, and who ends it; null: the command line's
    _id("institution_id"),
    Column("lifted_at", UtcDateTime),
    Column("lifted_by", String(64)),
    Column("lift_reason", String(500)),
)

# What rules are about to delete, since when that is said; what is no longer due has no row.
announced_deletions = Table(
    "announced_deletions",
    metadata,
    # study/UID or recording/ID
    Column("subject", String(80), primary_key=True),
    Column("rule", String(64), nullable=False),
    Column("announced_at", UtcDateTime, nullable=False),
)

# What went with a deletion: its entry in the audit log says who, when and why, and has the hash of this.
deletions = Table(
    "deletions",
    metadata,
    Column("audit_sequence", Integer, primary_key=True, autoincrement=False),
    Column("listed", JSON, nullable=False),  # [{id, sha256, size_bytes}, ...]
)
