"""Settings of the web process: read once from the environment, frozen, checked."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from imaging.dicom_tls import TlsFiles
from imaging.traffic_mark import DataMarks
from inference import broker_url
from inference.model_folders import added_models_folder
from storage.sealed_stream import secrets_in
from teleconsult.audit.syslog_receiver import SyslogReceiver
from teleconsult.backups.plan import BackupPlan
from teleconsult.escalation.ladder import Ladders, ladders_from
from teleconsult.lifecycle.record_classes import SETTING as RETENTION
from teleconsult.lifecycle.record_classes import Retention
from teleconsult.notifications.settings import NotificationSettings
from teleconsult.relays import relay_urls

if TYPE_CHECKING:
    from imaging.gate_rules import Rule
    from teleconsult.identity.oidc_provider import OidcProvider

REPOSITORY = Path(__file__).resolve().parent.parent
REQUESTS_PER_S = 100  # a page asks for some forty at once, and people think between pages
WELL_KNOWN_SECRETS = frozenset({"", "admin", "password", "changeme", "secret", "orthanc", "teleconsult"})


class BadSettings(Exception):
    """A setting is missing or unsafe; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    data_folder: Path
    database_url: str
    redis_url: str
    broker_url: str  # of nudges to the workers: the same Redis, or a RabbitMQ
    orthanc_url: str
    orthanc_username: str
    orthanc_password: str
    object_store: str  # a folder, or s3://key:secret@host/bucket
    join_secret: str
    session_secret: str  # under which second factors are kept
    known_passwords: Path | None  # a hospital's own file of leaked ones
    oidc_providers: tuple["OidcProvider", ...]  # hospitals' own, by which their people may sign in
    requests_per_s: int  # of one user, in one process
    step_up_minutes: int  # how long a proof of who it is holds for administration and exports
    emergency_access_minutes: int  # for how long a case stays open that was opened in an emergency
    recording_secret_file: Path | None  # of the key ring; None: nothing is recorded
    retention: Retention  # how many days what is deleted by age is kept
    host: str
    port: int
    relay_urls: tuple[str, ...]  # may hold "{host}": the name by which the browser reached us
    models_folder: Path
    added_models_folder: Path  # where bundles of others lie once they are added
    web_folder: Path
    max_upload_bytes: int
    secure_cookies: bool
    public_origins: tuple[str, ...]
    security_contact: str | None  # mailto: or https: address for security.txt
    data_marks: DataMarks  # of images and bulk, for the hospital's network
    demo: bool  # phantom studies at the first start
    dicom_port: int  # where scanners reach the gateway
    dicom_ae_title: str
    dicom_tls: TlsFiles | None  # set: every DICOM connection is TLS, with certificates on both sides
    time_zone: ZoneInfo | None  # of the scanners; None: of this machine
    allow_local_archives: bool  # other archives may be on this machine: for trials, never in a hospital
    watch_folder: Path | None  # what another program writes there is taken in
    watch_institution: str | None  # whose that is, by id or English name; None: whose archive it is
    gate_rules: tuple["Rule", ...]  # as TELECONSULT_GATE_RULES adjusts them
    report_pkcs12: Path | None  # the hospital's key and certificate for reports; None: one of our own
    report_pkcs12_password: Path | None  # the file with its password
    time_stamp_url: str | None  # of an RFC 3161 authority; None: reports only claim when they were signed
    notifications: NotificationSettings
    ladders: Ladders  # of what nobody accepts or acknowledges
    backups: BackupPlan | None  # None: made by hand only
    syslog: SyslogReceiver | None  # of audit entries as they come; None: they stay here

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read TELECONSULT_*.

        Raises:
            BadSettings: a needed one is missing, or a secret is a well-known default.
        """

        def need(name: str) -> str:
            if name not in environment:
                raise BadSettings(f"{name} is not set. `teleconsult up` sets it; see docs/install.md.")
            return environment[name]

        def secret(name: str) -> str:
            value = Path(need(name)).read_text().strip()
            _check_secret(value, name)
            return value

        data_folder = Path(need("TELECONSULT_DATA"))
        host = environment.get("TELECONSULT_HOST", "127.0.0.1")
        port = int(environment.get("TELECONSULT_PORT", "8080"))
        origins = environment.get("TELECONSULT_PUBLIC_ORIGINS", "")
        return cls(
            data_folder=data_folder,
            database_url=environment.get(
                "TELECONSULT_DATABASE_URL", f"sqlite:///{data_folder / 'teleconsult.db'}"
            ),
            redis_url=need("TELECONSULT_REDIS_URL"),
            broker_url=_broker_url(environment),
            orthanc_url=need("TELECONSULT_ORTHANC_URL"),
            orthanc_username=need("TELECONSULT_ORTHANC_USERNAME"),
            orthanc_password=secret("TELECONSULT_ORTHANC_PASSWORD_FILE"),
            object_store=environment.get("TELECONSULT_OBJECT_STORE", str(data_folder / "objects")),
            join_secret=secret("TELECONSULT_JOIN_SECRET_FILE"),
            session_secret=secret("TELECONSULT_SESSION_SECRET_FILE"),
            known_passwords=_file(environment, "TELECONSULT_KNOWN_PASSWORDS"),
            oidc_providers=_oidc_providers(_file(environment, "TELECONSULT_OIDC_PROVIDERS")),
            requests_per_s=_requests_per_s(environment),
            step_up_minutes=_minutes(environment, "TELECONSULT_STEP_UP_MINUTES", 15, most=12 * 60),
            emergency_access_minutes=_minutes(
                environment, "TELECONSULT_EMERGENCY_ACCESS_MINUTES", 60, most=12 * 60
            ),
            recording_secret_file=_recording_secret_file(environment),
            retention=_retention(environment),
            host=host,
            port=port,
            relay_urls=tuple(relay_urls(port, environment)),
            models_folder=Path(environment.get("TELECONSULT_MODELS", str(REPOSITORY / "models"))),
            added_models_folder=added_models_folder(environment),
            web_folder=Path(environment.get("TELECONSULT_WEB", str(REPOSITORY / "web" / "dist"))),
            max_upload_bytes=int(environment.get("TELECONSULT_MAX_UPLOAD_BYTES", str(4 * 1024**3))),
            secure_cookies=any(urlsplit(o).scheme == "https" for o in origins.split()),
            public_origins=tuple(origins.split()),
            security_contact=_contact(environment),
            data_marks=_data_marks(environment.get("TELECONSULT_DATA_DSCP", "")),
            demo=environment.get("TELECONSULT_DEMO") == "1",
            dicom_port=int(environment.get("TELECONSULT_DICOM_PORT", str(port + 2))),
            dicom_ae_title=_ae_title(environment.get("TELECONSULT_AE_TITLE", "TELECONSULT")),
            dicom_tls=_dicom_tls(environment),
            time_zone=_time_zone(environment.get("TELECONSULT_TIME_ZONE")),
            allow_local_archives=environment.get("TELECONSULT_ALLOW_LOCAL_ARCHIVES") == "1",
            watch_folder=_folder(environment.get("TELECONSULT_WATCH_FOLDER")),
            watch_institution=environment.get("TELECONSULT_WATCH_INSTITUTION") or None,
            gate_rules=_gate_rules(environment.get("TELECONSULT_GATE_RULES")),
            report_pkcs12=_file(environment, "TELECONSULT_REPORT_PKCS12"),
            report_pkcs12_password=_file(environment, "TELECONSULT_REPORT_PKCS12_PASSWORD_FILE"),
            time_stamp_url=_http_url(environment, "TELECONSULT_TIME_STAMP_URL"),
            notifications=_notifications(environment, tuple(origins.split()), port),
            ladders=_ladders(_file(environment, "TELECONSULT_ESCALATION")),
            backups=_backups(environment),
            syslog=_syslog(environment),
        )


def _broker_url(environment: Mapping[str, str]) -> str:
    given = environment.get(broker_url.SETTING)
    if given and (fault := broker_url.fault_of(given)):
        raise BadSettings(fault)
    return broker_url.broker_url_of(environment)


def _check_secret(value: str, name: str) -> None:
    if value.lower() in WELL_KNOWN_SECRETS or len(value) < 16:
        raise BadSettings(f"the secret in the file that {name} names is too easy to guess")


def _recording_secret_file(environment: Mapping[str, str]) -> Path | None:
    name = "TELECONSULT_RECORDING_SECRET_FILE"
    if not environment.get(name):
        return None
    file = Path(environment[name])
    for secret in secrets_in(file) or [""]:
        _check_secret(secret, name)
    return file


def _requests_per_s(environment: Mapping[str, str]) -> int:
    text = environment.get("TELECONSULT_REQUESTS_PER_S") or str(REQUESTS_PER_S)
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise BadSettings("TELECONSULT_REQUESTS_PER_S is no number from 1 to 10000")
    return int(text)


def _minutes(environment: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise BadSettings(f"{name} is no number of minutes from 1 to {most}")
    return int(text)


def _oidc_providers(file: Path | None) -> tuple["OidcProvider", ...]:
    from teleconsult.identity.oidc_provider import providers_from

    try:
        return providers_from(file)
    except ValueError as error:
        raise BadSettings(f"TELECONSULT_OIDC_PROVIDERS: {error}") from error


def _data_marks(text: str) -> DataMarks:
    try:
        return DataMarks.from_text(text)
    except ValueError as error:
        raise BadSettings(f"TELECONSULT_DATA_DSCP {error}") from error


def _ladders(file: Path | None) -> Ladders:
    try:
        return ladders_from(file)
    except ValueError as error:
        raise BadSettings(f"TELECONSULT_ESCALATION: {error}") from error


def _notifications(
    environment: Mapping[str, str], origins: tuple[str, ...], port: int
) -> NotificationSettings:
    try:
        return NotificationSettings.from_environment(environment, origins, port)
    except ValueError as error:
        raise BadSettings(str(error)) from error


def _backups(environment: Mapping[str, str]) -> BackupPlan | None:
    try:
        return BackupPlan.from_environment(environment)
    except ValueError as error:
        raise BadSettings(str(error)) from error


def _syslog(environment: Mapping[str, str]) -> SyslogReceiver | None:
    try:
        return SyslogReceiver.from_environment(environment)
    except ValueError as error:
        raise BadSettings(str(error)) from error


def _retention(environment: Mapping[str, str]) -> Retention:
    for old in ("TELECONSULT_RECORDING_DAYS", "TELECONSULT_NOTIFICATION_DAYS"):
        if environment.get(old):  # or what was to be kept for longer would be deleted
            raise BadSettings(f"{old} is now a part of {RETENTION}; see docs/retention.md")
    try:
        return Retention.from_text(environment.get(RETENTION, ""))
    except ValueError as error:
        raise BadSettings(f"{RETENTION}: {error}") from error


def _folder(path: str | None) -> Path | None:
    if not path:
        return None
    folder = Path(path)
    if not folder.is_dir():
        raise BadSettings("the folder that TELECONSULT_WATCH_FOLDER names does not exist")
    return folder


def _file(environment: Mapping[str, str], name: str) -> Path | None:
    if not environment.get(name):
        return None
    file = Path(environment[name])
    if not file.is_file():
        raise BadSettings(f"{name}: {file} is no file")
    return file


def _http_url(environment: Mapping[str, str], name: str) -> str | None:
    url = environment.get(name, "").strip()
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise BadSettings(f"{name} is no address: https://host/path")
    return url or None


def _contact(environment: Mapping[str, str]) -> str | None:
    contact = environment.get("TELECONSULT_SECURITY_CONTACT", "").strip()
    if contact and not re.fullmatch(r"(mailto:|https://|tel:)[!-~]+", contact):
        raise BadSettings("TELECONSULT_SECURITY_CONTACT is no mailto:, https:// or tel: address")
    return contact or None


def _gate_rules(file: str | None) -> tuple["Rule", ...]:
    # Only here: the command line reads no settings, and shall not wait for what reads images.
    from imaging.gate_rules import BadRules, rules_with

    try:
        return rules_with(Path(file) if file else None)
    except BadRules as error:
        raise BadSettings(f"TELECONSULT_GATE_RULES: {error}") from error


def _ae_title(text: str) -> str:
    title = text.strip()
    if not 0 < len(title) <= 16 or not title.isascii() or not title.isprintable() or "\\" in title:
        raise BadSettings("TELECONSULT_AE_TITLE is no AE title: 1 to 16 printable ASCII characters")
    return title


def _dicom_tls(environment: Mapping[str, str]) -> TlsFiles | None:
    names = [f"TELECONSULT_DICOM_TLS_{what}" for what in ("CERTIFICATE", "KEY", "CLIENT_CA")]
    files = [environment[name] for name in names if environment.get(name)]
    if not files:
        return None
    if len(files) < len(names):
        raise BadSettings(f"DICOM TLS needs all three of {', '.join(names)}")
    for file in files:
        if not Path(file).is_file():
            raise BadSettings(f"DICOM TLS: {file} is no file")
    return TlsFiles(*files)


def _time_zone(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadSettings(f"TELECONSULT_TIME_ZONE: there is no time zone '{name}'") from error
