"""The certificate of a deletion: what went by ids and hashes, which rule or reason, when, who; signed. Pure.

It holds the whole entry of the audit log, whose hash covers that of the items, and is signed with the key
that signs the log's checkpoints (Ed25519, RFC 8032). So it is checked on any machine; that its entry stands
in the log too, an exported log shows.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.audit_chain import (
    AuditEntry,
    as_text,
    canonical,
    entry_line,
    is_signed_by,
    moment,
    public_key_of,
    read_lines,
)
from storage.audit_chain import digest_of as digest_of_entry
from teleconsult.lifecycle.deletion_record import DeletedItem, Deletion, digest_of

FORMAT = "teleconsult-deletion-1"


class NotACertificate(Exception):
    """The file is not one that `certificate` made."""


class CertificateFault(StrEnum):
    FORGED = "forged"
    OTHER_KEY = "other-key"
    ITEMS = "items"


SENTENCES: Mapping[CertificateFault, str] = {
    CertificateFault.FORGED: "It was changed after it was signed. 证明在签名后被修改。",
    CertificateFault.OTHER_KEY: "It was signed with another key. 证明不是用该密钥签署的。",
    CertificateFault.ITEMS: (
        "What it lists is not what the audit log says was deleted. 所列内容与审计日志记录的删除不符。"
    ),
}


def certificate(deletion: Deletion, key: Ed25519PrivateKey, at: datetime) -> dict[str, Any]:
    body: dict[str, Any] = {
        "format": FORMAT,
        "entry": entry_line(deletion.entry),
        "items": [asdict(item) for item in deletion.items],
        "made_at": moment(at),
        "public_key": public_key_of(key),
    }
    return body | {"signature": as_text(key.sign(canonical(body)))}


def check(
    given: Mapping[str, Any], public_key: str | None = None
) -> tuple[Deletion, CertificateFault | None]:
    """What it certifies, and what is wrong with it. `public_key`: who must have signed.

    Raises:
        NotACertificate
    """
    try:
        if given["format"] != FORMAT:
            raise NotACertificate
        (entry,) = read_lines([given["entry"]])
        items = tuple(DeletedItem(**item) for item in given["items"])
        said = {name: value for name, value in given.items() if name != "signature"}
        is_signed = is_signed_by(given["public_key"], canonical(said), given["signature"])
        if not isinstance(entry, AuditEntry):
            raise NotACertificate
        deletion = Deletion(entry, items)
        return deletion, _fault(deletion, is_signed, public_key in (None, given["public_key"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotACertificate from error


def _fault(deletion: Deletion, is_signed: bool, is_our_key: bool) -> CertificateFault | None:
    entry = deletion.entry
    if not is_signed:
        return CertificateFault.FORGED
    if not is_our_key:
        return CertificateFault.OTHER_KEY
    is_listed = entry.details["items_sha256"] == digest_of(deletion.items)
    return None if is_listed and entry.sha256 == digest_of_entry(entry) else CertificateFault.ITEMS
