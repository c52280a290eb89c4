"""The built page: files as they are or packed, everything else is the page's own routing."""

import mimetypes
import re
from pathlib import Path

from fastapi import FastAPI, Request, Response

from teleconsult import problems

# What `vite build` leaves beside a file, best first.
PACKED = (("br", ".br"), ("gzip", ".gz"))
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
ASKED_AGAIN = {"Cache-Control": "no-cache"}
STUDY_PAGE = re.compile(r"studies/([0-9.]{1,64})")


def serve_front_end(app: FastAPI, folder: Path) -> None:
    index = folder / "index.html"

    @app.get("/{path:path}", include_in_schema=False)
    def front_end(path: str, request: Request) -> Response:
        if path.startswith(("api/", "dicom-web/")) or "\0" in path:
            return problems.unknown_path()
        wanted = (folder / path).resolve()
        if path and wanted.is_file() and wanted.is_relative_to(folder.resolve()):
            hashed = path.startswith("assets/")
            return _file(wanted, request, FOR_EVER if hashed else ASKED_AGAIN)
        if not index.is_file():
            return Response(
                "The front end is not built: run `make setup`. 前端尚未构建：请运行 make setup。",
                status_code=503,
                media_type="text/plain; charset=utf-8",
            )
        return _file(index, request, {**ASKED_AGAIN, **_asked_first(path)})


def _asked_first(path: str) -> dict[str, str]:
    """What a study's page asks first (`web/src/studies/pageAhead.ts`), asked with the page's head.

    Source: HTML's preload link by RFC 8288; the same as a `fetch` without options, so that it is asked once.
    """
    study = STUDY_PAGE.fullmatch(path)
    if study is None:
        return {}
    addresses = ("/api/session", f"/api/studies/{study[1]}")
    return {"Link": ", ".join(f"<{one}>; rel=preload; as=fetch; crossorigin" for one in addresses)}


def _file(wanted: Path, request: Request, caching: dict[str, str]) -> Response:
    """In one piece: the largest has a megabyte when packed."""
    headers = {**caching, "Vary": "Accept-Encoding"}
    content = wanted
    accepted = _codings(request.headers.get("accept-encoding", ""))
    for coding, ending in PACKED:
        packed = wanted.with_name(wanted.name + ending)
        if coding in accepted and packed.is_file():
            headers["Content-Encoding"] = coding
            content = packed
            break
    kind = mimetypes.guess_type(wanted.name)[0] or "application/octet-stream"
    return Response(content.read_bytes(), media_type=kind, headers=headers)


def _codings(accept_encoding: str) -> set[str]:
    """Source: RFC 9110 12.5.3; a weight of 0 refuses."""
    named = (part.replace(" ", "").partition(";") for part in accept_encoding.lower().split(","))
    return {coding for coding, _, weight in named if weight not in ("q=0", "q=0.0", "q=0.00", "q=0.000")}
