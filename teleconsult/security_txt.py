"""`/.well-known/security.txt` (RFC 9116): to whom somebody reports a weakness of this installation."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from teleconsult.dependencies import Now, Parts
from teleconsult.errors import NotFound
from teleconsult.settings import Settings

GOOD_FOR = timedelta(days=180)  # RFC 9116 2.5.5: less than a year

router = APIRouter()


@router.get("/.well-known/security.txt", include_in_schema=False)
def read_security_txt(parts: Parts, now: Now) -> PlainTextResponse:
    return PlainTextResponse(security_txt(parts.settings, now))


def security_txt(settings: Settings, at: datetime) -> str:
    """Whoever has a name on the network has a mailbox for it (RFC 2142), unless told otherwise.

    Raises:
        NotFound: neither a contact nor an address of this installation is set.
    """
    contact = settings.security_contact
    if contact is None:
        if not settings.public_origins:
            raise NotFound
        contact = f"mailto:security@{urlsplit(settings.public_origins[0]).hostname}"
    expires = (at + GOOD_FOR).astimezone(UTC).replace(microsecond=0)
    return (
        f"Contact: {contact}\n"
        f"Expires: {expires.isoformat().replace('+00:00', 'Z')}\n"
        "Preferred-Languages: zh, en\n"
        + "".join(
            f"Canonical: {origin}/.well-known/security.txt\n"
            for origin in settings.public_origins
            if origin.startswith("https://")
        )
    )
