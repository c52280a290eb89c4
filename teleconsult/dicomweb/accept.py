"""What a client takes: the Accept header and parameter, as PS3.18 section 8.7 reads them. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import Request

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
OCTET_STREAM = "application/octet-stream"
ANY = "*"
MAX_TYPES = 50
MAX_CHARACTERS = 4096
_LIST = re.compile(r'(?:[^,"]|"(?:\\.|[^"\\])*")+')
_PARAMETERS = re.compile(r'(?:[^;"]|"(?:\\.|[^"\\])*")+')


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that the client takes.

    Attributes:
        media_type: of the object itself; "*/*" and "image/*" are possible.
        transfer_syntax: a UID, ANY, or None where the client says nothing about it.
        multipart: wrapped in multipart/related; None where the client leaves it open.
    """

    media_type: str
    transfer_syntax: str | None = None
    multipart: bool | None = False

    def takes(self, media_type: str, transfer_syntax: str | None = None) -> bool:
        """Whether an object of this type and transfer syntax is one of these."""
        main, _, sub = self.media_type.partition("/")
        given_main, _, given_sub = media_type.partition("/")
        if main not in (ANY, given_main) or sub not in (ANY, given_sub):
            return False
        return self.transfer_syntax in (None, ANY) or self.transfer_syntax == transfer_syntax


ANYTHING = Wanted("*/*", multipart=None)


def wanted(header: str, parameters: Iterable[str] = ()) -> list[Wanted]:
    """Return what the client takes, the best first; anything where it says nothing.

    Args:
        header: the Accept header.
        parameters: of the query; they win over the header (PS3.18 8.3.3.1).
    """
    given = [text[:MAX_CHARACTERS] for text in list(parameters) or [header]]
    ranked = []
    for item in [item for text in given for item in _LIST.findall(text)][:MAX_TYPES]:
        media_type, *rest = [part.strip() for part in _PARAMETERS.findall(item.strip())] or [""]
        named = dict(_parameter(part) for part in rest)
        quality = _quality(named.get("q", "1"))
        if quality > 0:
            ranked.append((quality, _one(media_type.lower(), named)))
    ranked.sort(key=lambda pair: -pair[0])  # stable: of equal ones the first named
    return [one for _, one in ranked] or ([ANYTHING] if not any(text.strip() for text in given) else [])


def wanted_by(request: Request) -> list[Wanted]:
    """What the client of a request takes."""
    return wanted(request.headers.get("accept", ""), request.query_params.getlist("accept"))


def _one(media_type: str, named: dict[str, str]) -> Wanted:
    syntax = named.get("transfer-syntax")
    if media_type == "*/*":
        return Wanted("*/*", syntax, multipart=None)
    if media_type in ("multipart/related", "multipart/*"):
        return Wanted(named.get("type", "*/*").lower(), syntax, multipart=True)
    return Wanted(media_type, syntax)


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip().strip('"').replace("\\", "")


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0
