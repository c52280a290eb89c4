"""How a call went for everybody who took part, kept with the consult.

Each participant's own page measures and tells every half minute, so that little is lost when it goes without
a word. The figures are those of W3C webrtc-stats, summed up by second (web/src/signaling/lineStats.ts).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from sqlalchemy import Connection, insert, select, update

from signaling.messages import LineWord
from storage.tables import call_qualities
from teleconsult.dependencies import CurrentUser, Now, Parts
from teleconsult.errors import NotAllowed
from teleconsult.users.schemas import UserRefOut

router = APIRouter(prefix="/api/consults", tags=["consults"])

CALLS_KEPT_OF_ONE = 200  # stays of one person in one consult
LONGEST_S = 7 * 24 * 3600
WORTH_A_WORD = 0.1  # of the call
FROM_WORST = (LineWord.POOR, LineWord.FAIR, LineWord.GOOD)

Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
Figure = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
CallId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class Spread(BaseModel):
    """Of the seconds in which it was known."""

    count: Count
    mean: Figure
    most: Figure


class CallFigures(BaseModel):
    """Of what the participant sends (`out`) and hears (`in`). Losses are fractions, 0..1."""

    seconds: Annotated[int, Field(ge=1, le=LONGEST_S)]
    word_seconds: dict[LineWord, Count]  # how long the line was what
    rtt_ms: Spread
    loss_out: Spread
    loss_in: Spread
    jitter_ms: Spread
    sent_bps: Spread
    freeze_count: Count
    concealed_samples: Count  # at 48 kHz


class CallQualityOut(CallFigures):
    user: UserRefOut
    started_at: datetime
    word: LineWord


def word_of(word_seconds: Mapping[LineWord, int]) -> LineWord:
    """The worst that the line was for a tenth of the call, or for longer."""
    total = sum(word_seconds.values())
    held = 0
    for word in FROM_WORST:
        held += word_seconds.get(word, 0)
        if held >= WORTH_A_WORD * total and held > 0:
            return word
    return LineWord.GOOD


@dataclass(frozen=True, slots=True)
class CallKey:
    consult_id: str
    user_id: str
    call_id: str  # one stay in the room, named by the page


@router.put("/{consult_id}/calls/{call_id}", status_code=204)
def tell_call_quality(
    consult_id: str, call_id: CallId, body: CallFigures, parts: Parts, user: CurrentUser, now: Now
) -> None:
    """The figures since the call began; what comes late of an earlier moment changes nothing."""
    with parts.database.transaction() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        is_new = keep(connection, CallKey(consult.id, user.id, call_id), body, now)
    if is_new:
        parts.publish({"type": "consult-changed", "consult_id": consult_id})


@router.get("/{consult_id}/calls")
def list_call_qualities(consult_id: str, parts: Parts, user: CurrentUser) -> list[CallQualityOut]:
    """In the order in which the calls began."""
    with parts.database.reading() as connection:
        consult = parts.consults.get_for(connection, consult_id, user)
        rows = connection.execute(
            select(call_qualities)
            .where(call_qualities.c.consult_id == consult.id)
            .order_by(call_qualities.c.started_at)
        ).all()
        people = parts.users.by_ids(connection, {row.user_id for row in rows})
    told = [(row, CallFigures.model_validate(row.figures)) for row in rows]
    return [
        CallQualityOut(
            user=UserRefOut.of(people[row.user_id]),
            started_at=row.started_at,
            word=word_of(figures.word_seconds),
            **dict(figures),
        )
        for row, figures in told
    ]


def keep(connection: Connection, key: CallKey, figures: CallFigures, now: datetime) -> bool:
    """Whether this call was not known before.

    Raises:
        NotAllowed: more calls of one person than anybody makes.
    """
    own = (call_qualities.c.consult_id == key.consult_id) & (call_qualities.c.user_id == key.user_id)
    this = own & (call_qualities.c.call_id == key.call_id)
    known = dict(
        row._tuple()
        for row in connection.execute(select(call_qualities.c.call_id, call_qualities.c.seconds).where(own))
    )
    values: dict[str, Any] = {"seconds": figures.seconds, "figures": figures.model_dump(mode="json")}
    if key.call_id in known:
        if figures.seconds > known[key.call_id]:
            connection.execute(update(call_qualities).where(this).values(values))
        return False
    if len(known) >= CALLS_KEPT_OF_ONE:
        raise NotAllowed
    connection.execute(
        insert(call_qualities).values(
            consult_id=key.consult_id,
            user_id=key.user_id,
            call_id=key.call_id,
            started_at=now - timedelta(seconds=figures.seconds),
            **values,
        )
    )
    return True
