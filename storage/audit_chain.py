"""What makes an audit log's tampering visible: entries that follow from each other, and signed checkpoints.

Pure, and the same for the live database and for a file that was exported from it. A chain of hashes alone
shows a changed entry; whoever can write every row can make the whole chain anew, or cut its end off. A
checkpoint says, signed by the installation's Ed25519 key (RFC 8032), which entry was the last at a moment;
copies of it are outside of the database.
"""

import base64
import hashlib
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FIRST_PREVIOUS_SHA256 = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One thing that somebody did. `subject` is an identifier, never a name."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]
    previous_sha256: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`sequence` was the last entry at `at`, and had this hash; signed by the key named here."""

    sequence: int
    sha256: str
    at: datetime
    public_key: str
    signature: str

    @property
    def is_signed(self) -> bool:
        said = _checkpoint_statement(self.sequence, self.sha256, self.at)
        return is_signed_by(self.public_key, said, self.signature)


def sign_checkpoint(key: Ed25519PrivateKey, sequence: int, sha256: str, at: datetime) -> Checkpoint:
    said = _checkpoint_statement(sequence, sha256, at)
    return Checkpoint(sequence, sha256, at, public_key_of(key), as_text(key.sign(said)))


class FaultKind(StrEnum):
    REMOVED = "removed"
    MOVED = "moved"
    INSERTED = "inserted"
    CHANGED = "changed"
    UNLINKED = "unlinked"
    CUT = "cut"
    REWRITTEN = "rewritten"
    FORGED = "forged"
    OTHER_KEY = "other-key"
    CHECKPOINT_REMOVED = "checkpoint-removed"


_SENTENCES: Mapping[FaultKind, tuple[str, str]] = {
    FaultKind.REMOVED: ("Entry {n} is missing.", "第 {n} 条记录缺失。"),
    FaultKind.MOVED: (
        "Entry {n} is not in its place: the order was changed.",
        "第 {n} 条记录不在原位：顺序被改动。",
    ),
    FaultKind.INSERTED: (
        "Where entry {n} should be, another was put in.",
        "在第 {n} 条记录的位置插入了其他记录。",
    ),
    FaultKind.CHANGED: ("Entry {n} was changed after it was written.", "第 {n} 条记录写入后被修改。"),
    FaultKind.UNLINKED: (
        "Entry {n} does not follow from the one before it: one of the two was replaced.",
        "第 {n} 条记录与前一条不相连：其中一条被替换。",
    ),
    FaultKind.CUT: (
        "The end is cut off: entry {n} is missing, and a signed checkpoint of {at} shows that it was there.",
        "末尾被截断：第 {n} 条记录缺失，而 {at} 的签名检查点证明该记录曾存在。",
    ),
    FaultKind.REWRITTEN: (
        "Entry {n} is not the one that was signed on {at}: the log up to it was written anew.",
        "第 {n} 条记录与 {at} 签名时的不同：此前的日志被重写。",
    ),
    FaultKind.FORGED: (
        "The checkpoint at entry {n} has a wrong signature.",
        "第 {n} 条记录处的检查点签名不正确。",
    ),
    FaultKind.OTHER_KEY: (
        "What was signed at entry {n} was signed with another key than this installation's.",
        "第 {n} 条记录处的签名不是用本系统的密钥签署的。",
    ),
    FaultKind.CHECKPOINT_REMOVED: (
        "A signed checkpoint before entry {n} is missing.",
        "第 {n} 条记录之前缺少一个签名检查点。",
    ),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong. `signed_at`: of the checkpoint that shows it."""

    kind: FaultKind
    sequence: int
    signed_at: datetime | None = None

    @property
    def en(self) -> str:
        return self._sentence(0)

    @property
    def zh(self) -> str:
        return self._sentence(1)

    def _sentence(self, language: int) -> str:
        at = self.signed_at.isoformat(timespec="seconds") if self.signed_at else ""
        return _SENTENCES[self.kind][language].format(n=self.sequence, at=at)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look at a whole log found; it holds where there is no fault."""

    fault: Fault | None
    entries: int
    checkpoints: int
    last_signed_at: datetime | None = None


def check(
    steps: Iterable[AuditEntry | Checkpoint],
    *,
    public_key: str | None = None,
    first: int = 1,
    previous_sha256: str = FIRST_PREVIOUS_SHA256,
) -> Verdict:
    """Go through a log, each checkpoint after the entry that it signs, and stop at what is wrong first.

    `public_key`: who must have signed. `first` and `previous_sha256` say where a part of a log begins.
    """
    rest = iter(steps)
    expected, previous, signed_at, checkpoints = first, previous_sha256, None, 0
    fault: Fault | None = None
    for step in rest:
        if isinstance(step, AuditEntry):
            kind = _fault_of(step, expected, previous)
            if kind is FaultKind.REMOVED and _has_entry(rest, expected):
                kind = FaultKind.MOVED
            fault = Fault(kind, expected) if kind else None
        else:
            fault = _checkpoint_fault(step, expected, previous, public_key)
            if fault and fault.kind is FaultKind.CUT and _has_entry(rest):
                fault = Fault(FaultKind.REMOVED, expected)
        if fault:
            break
        if isinstance(step, AuditEntry):
            expected, previous = expected + 1, step.sha256
        else:
            checkpoints, signed_at = checkpoints + 1, step.at
    return Verdict(fault, expected - first, checkpoints, signed_at)


def interleave(
    entries: Iterable[AuditEntry | Checkpoint], checkpoints: Iterable[Checkpoint]
) -> Iterator[AuditEntry | Checkpoint]:
    """Each checkpoint, given in order, after the entry that it signs."""
    waiting = deque(checkpoints)
    for entry in entries:
        yield entry
        while waiting and waiting[0].sequence <= entry.sequence:
            yield waiting.popleft()
    yield from waiting


def _has_entry(steps: Iterable[AuditEntry | Checkpoint], sequence: int | None = None) -> bool:
    return any(isinstance(one, AuditEntry) and sequence in (None, one.sequence) for one in steps)


def _checkpoint_fault(
    checkpoint: Checkpoint, expected: int, previous: str, public_key: str | None
) -> Fault | None:
    if not checkpoint.is_signed:
        return Fault(FaultKind.FORGED, checkpoint.sequence)
    if public_key not in (None, checkpoint.public_key):
        return Fault(FaultKind.OTHER_KEY, checkpoint.sequence)
    if checkpoint.sequence >= expected:
        return Fault(FaultKind.CUT, expected, checkpoint.at)
    if checkpoint.sequence < expected - 1:
        return Fault(FaultKind.MOVED, checkpoint.sequence)
    if checkpoint.sha256 != previous:
        return Fault(FaultKind.REWRITTEN, checkpoint.sequence, checkpoint.at)
    return None


def _fault_of(entry: AuditEntry, expected: int, previous: str) -> FaultKind | None:
    if entry.sequence != expected:
        return FaultKind.REMOVED if entry.sequence > expected else FaultKind.INSERTED
    if entry.sha256 != digest_of(entry):
        return FaultKind.CHANGED
    return FaultKind.UNLINKED if entry.previous_sha256 != previous else None


def digest_of(entry: AuditEntry) -> str:
    return digest(
        entry.sequence,
        entry.previous_sha256,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        details=entry.details,
    )


def digest(sequence: int, previous: str, *, at: datetime, **values: Any) -> str:
    """The hash of an entry, which covers the hash of the one before it."""
    body = {"sequence": sequence, "previous": previous, "at": moment(at), **values}
    return hashlib.sha256(canonical(body)).hexdigest()


def canonical(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def public_key_of(key: Ed25519PrivateKey) -> str:
    return as_text(key.public_key().public_bytes_raw())


def as_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def is_signed_by(public_key: str, said: bytes, signature: str) -> bool:
    try:
        signer = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        signer.verify(base64.b64decode(signature, validate=True), said)
    except (InvalidSignature, ValueError):
        return False
    return True


def entry_line(entry: AuditEntry) -> dict[str, Any]:
    """An entry as JSON writes it."""
    return {
        "kind": "entry",
        "sequence": entry.sequence,
        "at": moment(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": dict(entry.details),
        "previous_sha256": entry.previous_sha256,
        "sha256": entry.sha256,
    }


def checkpoint_line(checkpoint: Checkpoint) -> dict[str, Any]:
    """A checkpoint as JSON writes it."""
    return {
        "kind": "checkpoint",
        "sequence": checkpoint.sequence,
        "sha256": checkpoint.sha256,
        "at": moment(checkpoint.at),
        "public_key": checkpoint.public_key,
        "signature": checkpoint.signature,
    }


def read_lines(lines: Iterable[Mapping[str, Any]]) -> Iterator[AuditEntry | Checkpoint]:
    """Entries and checkpoints as they come.

    Raises:
        KeyError, TypeError, ValueError: a line is neither.
    """
    for line in lines:
        given = dict(line)
        kind, given["at"] = given.pop("kind"), datetime.fromisoformat(given["at"])
        if kind not in ("entry", "checkpoint"):
            raise ValueError(kind)
        yield AuditEntry(**given) if kind == "entry" else Checkpoint(**given)


def _checkpoint_statement(sequence: int, sha256: str, at: datetime) -> bytes:
    return canonical({"audit-checkpoint": 1, "sequence": sequence, "sha256": sha256, "at": moment(at)})
