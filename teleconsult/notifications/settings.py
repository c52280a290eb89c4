"""By which channels an installation can reach people: read from TELECONSULT_*, and checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from teleconsult.notifications.smtp_mail import MailServer

SECURITY = {"smtp": ("starttls", 587), "smtps": ("tls", 465), "smtp-plain": ("plain", 25)}
ADDRESS = re.compile(r"^[^@\s<>,;]{1,64}@[^@\s<>,;]{1,189}$")
SHORTEST_SECRET = 24


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    page_url: str  # what links begin with
    mail: MailServer | None
    webhook_url: str | None
    webhook_secret: str | None
    push_contact: str | None  # whom a push service asks when something is wrong: mailto: or https:
    allow_local_push: bool  # for trials

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], origins: tuple[str, ...], port: int
    ) -> "NotificationSettings":
        """Raises ValueError: the message names the setting and what is wrong with it."""
        mail = _mail(environment)
        webhook_url, webhook_secret = _webhook(environment)
        return cls(
            page_url=origins[0].rstrip("/") if origins else f"http://localhost:{port}",
            mail=mail,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            push_contact=_contact(environment, mail, origins),
            allow_local_push=environment.get("TELECONSULT_ALLOW_LOCAL_PUSH") == "1",
        )


def _mail(environment: Mapping[str, str]) -> MailServer | None:
    url = environment.get("TELECONSULT_SMTP_URL")
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in SECURITY or not parts.hostname or parts.username or parts.password:
        raise ValueError(
            "TELECONSULT_SMTP_URL is smtp://host (STARTTLS), smtps://host or smtp-plain://host, "
            "without a login in it"
        )
    security, port = SECURITY[parts.scheme]
    sender = environment.get("TELECONSULT_SMTP_FROM", "")
    if not ADDRESS.match(sender):
        raise ValueError("TELECONSULT_SMTP_FROM is the address that e-mail comes from: name@host")
    username = environment.get("TELECONSULT_SMTP_USER") or None
    password = _secret(environment, "TELECONSULT_SMTP_PASSWORD_FILE")
    if (username is None) != (password is None):
        raise ValueError("TELECONSULT_SMTP_USER and TELECONSULT_SMTP_PASSWORD_FILE go together")
    if username and security == "plain":
        raise ValueError("smtp-plain:// would send the password unencrypted: use smtp:// or smtps://")
    ca_file = environment.get("TELECONSULT_SMTP_CA_FILE")
    if ca_file and not Path(ca_file).is_file():
        raise ValueError(f"TELECONSULT_SMTP_CA_FILE: {ca_file} is no file")
    return MailServer(
        parts.hostname,
        parts.port or port,
        security,
        sender,
        username,
        password,
        Path(ca_file) if ca_file else None,
    )


def _webhook(environment: Mapping[str, str]) -> tuple[str | None, str | None]:
    url = environment.get("TELECONSULT_WEBHOOK_URL")
    if not url:
        return None, None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValueError("TELECONSULT_WEBHOOK_URL is no address: https://host/path")
    secret = _secret(environment, "TELECONSULT_WEBHOOK_SECRET_FILE")
    if secret is None or len(secret) < SHORTEST_SECRET:
        raise ValueError(
            f"TELECONSULT_WEBHOOK_SECRET_FILE names a file with a secret of {SHORTEST_SECRET} or more "
            "characters"
        )
    return url, secret


def _contact(environment: Mapping[str, str], mail: MailServer | None, origins: tuple[str, ...]) -> str | None:
    given = environment.get("TELECONSULT_PUSH_CONTACT")
    if given and urlsplit(given).scheme not in ("mailto", "https"):
        raise ValueError("TELECONSULT_PUSH_CONTACT is mailto:name@host or https://host/page")
    secure = [origin for origin in origins if urlsplit(origin).scheme == "https"]
    return given or (f"mailto:{mail.sender}" if mail else secure[0] if secure else None)


def _secret(environment: Mapping[str, str], name: str) -> str | None:
    file = environment.get(name)
    if not file:
        return None
    if not Path(file).is_file():
        raise ValueError(f"{name}: {file} is no file")
    return Path(file).read_text().strip()
