"""A small exchange by which a page measures its line to this server before a call."""

import os
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from teleconsult.dependencies import CurrentUser
from teleconsult.request_body import LIMITED_BY_ROUTE

router = APIRouter(prefix="/api/line-check", tags=["line check"])

# On a line that needs this in a second, a call has all it can use.
MOST_BYTES = 1 << 20


class ReceivedOut(BaseModel):
    received_bytes: int


@router.get("", response_class=Response)
def send_bytes(user: CurrentUser, size_bytes: Annotated[int, Query(ge=0, le=MOST_BYTES)] = 0) -> Response:
    """So many bytes that no proxy can compress or keep; none of them measures the way there and back."""
    return Response(
        os.urandom(size_bytes), media_type="application/octet-stream", headers={"Cache-Control": "no-store"}
    )


@router.post("", max_body_size=LIMITED_BY_ROUTE)
async def take_bytes(user: CurrentUser, request: Request) -> ReceivedOut:
    """Read what is sent and forget it. What is beyond the bound is not read."""
    received = 0
    async for part in request.stream():
        received += len(part)
        if received >= MOST_BYTES:
            break
    return ReceivedOut(received_bytes=min(received, MOST_BYTES))
