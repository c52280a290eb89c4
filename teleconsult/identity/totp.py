"""Time-based one-time passwords (RFC 6238 over RFC 4226), as authenticator apps make them: pure.

SHA-1, six digits and thirty seconds, because several widespread apps ignore what a QR code says otherwise.
"""

import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20  # RFC 4226 4: as long as SHA-1's output
WINDOW_STEPS = 1  # RFC 6238 5.2: one step for the time that typing and sending take
ISSUER = "Teleconsult"


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def step_at(at: datetime) -> int:
    return int(at.timestamp()) // STEP_S


def code_of(secret: bytes, step: int) -> str:
    """RFC 4226 5.3, the step in the counter's place."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def step_of(secret: bytes, code: str, at: datetime, last_step: int | None = None) -> int | None:
    """The step whose code this is, within the window around `at` and after `last_step`; None: it is wrong."""
    now = step_at(at)
    for step in range(now - WINDOW_STEPS, now + WINDOW_STEPS + 1):
        is_it = hmac.compare_digest(code_of(secret, step).encode(), code.encode())
        if is_it and (last_step is None or step > last_step):
            return step
    return None


def as_text(secret: bytes) -> str:
    """Base32, as apps take it where no camera reads the QR code."""
    return b32encode(secret).decode().rstrip("=")


def key_uri(secret: bytes, account: str) -> str:
    """What the QR code says: Google Authenticator's Key URI Format, which all apps read."""
    label = quote(f"{ISSUER}:{account}", safe="")
    return f"otpauth://totp/{label}?" + urlencode(
        {"secret": as_text(secret), "issuer": ISSUER, "algorithm": "SHA1", "digits": DIGITS, "period": STEP_S}
    )
