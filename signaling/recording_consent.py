"""Whether a room is recorded: everybody in it is asked, and one no is a no. Pure.

| while | what happens | then |
|---|---|---|
| off | somebody with the right asks | asking |
| asking | the last of those who are asked agrees, or leaves | on (or paused, as it was before) |
| on, paused | somebody comes in who has not agreed | asking: nothing is recorded until they agree or leave |
| on | pause | paused |
| paused | resume | on |
| asking, on, paused | anybody says no, also who agreed before; stop; the last one leaves | off |
| asking, on, paused | the consent to the whole consult is withdrawn | off |

Who asks agrees by asking. An answer holds for this recording, also for who leaves and comes back. Nothing is
recorded but in `on`. Answers are kept with the recording, a no to one that had begun too.

When the room goes on at another relay, so does its recording, as another one with the same answers: who
agreed is not asked again, and nothing is recorded while somebody is there who has not.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from signaling.errors import Refused
from signaling.join_token import JoinGrant
from signaling.messages import ErrorCode, RecordingEnd, RecordingState, RecordingStatus


class Step(StrEnum):
    ASK = "ask"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    SAY_NO = "say-no"
    FAIL = "fail"
    LOSE_CONSENT = "lose-consent"


# A step that is not here does not exist. Who comes, agrees and leaves is in `_settle`.
TRANSITIONS: Mapping[RecordingStatus, Mapping[Step, RecordingStatus]] = {
    RecordingStatus.OFF: {Step.ASK: RecordingStatus.ASKING},
    RecordingStatus.ASKING: {
        Step.STOP: RecordingStatus.OFF,
        Step.SAY_NO: RecordingStatus.OFF,
        Step.FAIL: RecordingStatus.OFF,
        Step.LOSE_CONSENT: RecordingStatus.OFF,
    },
    RecordingStatus.ON: {
        Step.PAUSE: RecordingStatus.PAUSED,
        Step.STOP: RecordingStatus.OFF,
        Step.SAY_NO: RecordingStatus.OFF,
        Step.FAIL: RecordingStatus.OFF,
        Step.LOSE_CONSENT: RecordingStatus.OFF,
    },
    RecordingStatus.PAUSED: {
        Step.RESUME: RecordingStatus.ON,
        Step.STOP: RecordingStatus.OFF,
        Step.SAY_NO: RecordingStatus.OFF,
        Step.FAIL: RecordingStatus.OFF,
        Step.LOSE_CONSENT: RecordingStatus.OFF,
    },
}
ENDS = {
    Step.STOP: RecordingEnd.STOPPED,
    Step.SAY_NO: RecordingEnd.DECLINED,
    Step.FAIL: RecordingEnd.FAILED,
    Step.LOSE_CONSENT: RecordingEnd.CONSENT_WITHDRAWN,
}


@dataclass(frozen=True, slots=True)
class Consent:
    """One answer. `text` is the version and language of the words that were on the screen."""

    participant_id: str
    display_name: str
    role: str
    agrees: bool
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """A yes, by whom it is kept."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class CarriedRecording:
    """What another relay needs to go on with a recording. Ids only."""

    asked_by: str | None
    is_paused: bool
    agreed: Mapping[str, Agreement]


@dataclass(slots=True)
class RecordingConsent:
    """The state of one room's recording."""

    status: RecordingStatus = RecordingStatus.OFF
    asked_by: str | None = None
    awaiting: list[str] = field(default_factory=list)
    consents: list[Consent] = field(default_factory=list)
    ended: RecordingEnd | None = None
    has_begun: bool = False  # something was recorded
    _is_paused: bool = False
    _carried: dict[str, Agreement] = field(default_factory=dict)  # of who has not come to this relay yet

    @property
    def carried(self) -> CarriedRecording | None:
        """None: nothing is being recorded."""
        if self.status is RecordingStatus.OFF or not (self.has_begun or self._carried):
            return None
        here = {one.participant_id: Agreement(one.at, one.text) for one in self.consents if one.agrees}
        return CarriedRecording(self.asked_by, self._is_paused, {**self._carried, **here})

    def carry_on(self, recording: CarriedRecording) -> None:
        """It goes on, with nobody here yet, once everybody who is has agreed."""
        self.status, self.asked_by = RecordingStatus.ASKING, recording.asked_by
        self._is_paused, self._carried = recording.is_paused, dict(recording.agreed)

    @property
    def described(self) -> RecordingState:
        return RecordingState(
            status=self.status,
            asked_by=self.asked_by,
            awaiting=tuple(self.awaiting),
            ended=self.ended,
        )

    def ask(self, by: JoinGrant, present: Iterable[str], text: str, at: datetime) -> None:
        """Raises Refused."""
        self._take(Step.ASK)
        self.asked_by, self.ended, self.has_begun, self._is_paused = by.participant_id, None, False, False
        self.consents = [_consent(by, True, text, at)]
        self.awaiting = [name for name in present if name != by.participant_id]
        self._settle()

    def answer(self, by: JoinGrant, agrees: bool, text: str, at: datetime) -> None:
        """Raises Refused: nobody asks, or this one has agreed already."""
        if agrees and by.participant_id not in self.awaiting:
            raise Refused(ErrorCode.NOT_ASKED)
        if self.status is RecordingStatus.OFF:
            raise Refused(ErrorCode.NOT_ASKED)
        self.consents.append(_consent(by, agrees, text, at))
        if not agrees:
            self._take(Step.SAY_NO)
            return
        self.awaiting.remove(by.participant_id)
        self._settle()

    def take(self, step: Step) -> None:
        """Pause, resume, stop or fail. Raises Refused."""
        self._take(step)

    def enter(self, by: JoinGrant) -> None:
        if self.status is RecordingStatus.OFF:
            return
        participant_id = by.participant_id
        if (agreement := self._carried.pop(participant_id, None)) is not None:
            self.consents.append(_consent(by, True, agreement.text, agreement.at))
        if participant_id in self._agreed():
            self._settle()
            return
        if participant_id not in self.awaiting:
            self.awaiting.append(participant_id)
        self.status = RecordingStatus.ASKING

    def leave(self, participant_id: str, present: Collection[str]) -> None:
        """`present`: who is left."""
        if participant_id in self.awaiting:
            self.awaiting.remove(participant_id)
        if self.status is RecordingStatus.OFF:
            return
        if not present:
            self._take(Step.STOP)
        self._settle()

    def _agreed(self) -> set[str]:
        return {consent.participant_id for consent in self.consents if consent.agrees}

    def _take(self, step: Step) -> None:
        possible = TRANSITIONS[self.status]
        if step not in possible:
            raise Refused(ErrorCode.NOT_NOW)
        self.status = possible[step]
        if step in (Step.PAUSE, Step.RESUME):
            self._is_paused = step is Step.PAUSE
        if step in ENDS:
            self.ended = ENDS[step]
            self.awaiting, self._carried = [], {}

    def _settle(self) -> None:
        """Once nobody is left to answer, it is as it was meant to be."""
        if self.status is RecordingStatus.ASKING and not self.awaiting:
            self.status = RecordingStatus.PAUSED if self._is_paused else RecordingStatus.ON


def _consent(by: JoinGrant, agrees: bool, text: str, at: datetime) -> Consent:
    return Consent(by.participant_id, by.display_name, by.role, agrees, at, text)
