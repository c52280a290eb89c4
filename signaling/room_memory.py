"""What outlives the relay that a room was at: the next one goes on with it. No patient's name, no pixels."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from signaling.measurement import SharedMeasurement
from signaling.messages import ViewerState
from signaling.recording_consent import CarriedRecording
from signaling.room_orders import RoomOrders


@dataclass(frozen=True, slots=True)
class RoomMemory:
    """Who may enter without waiting and who may not, who presented, what everybody saw last and
    what was measured, and who agreed to the recording that goes on."""

    known: frozenset[str] = frozenset()
    removed: Mapping[str, str] = field(default_factory=dict)  # whom, with the id of the token that is void
    locked: bool = False
    presenter_id: str | None = None
    viewer: ViewerState | None = None
    viewer_of: str | None = None
    measurements: tuple[SharedMeasurement, ...] = ()
    seq: int = 0
    recording: CarriedRecording | None = None

    def to_json(self) -> str:
        return _JSON.dump_json(self).decode()

    @staticmethod
    def from_json(text: str) -> "RoomMemory":
        """Raises ValueError: it is no memory, or one of another version."""
        try:
            return _JSON.validate_json(text)
        except ValidationError as error:
            raise ValueError("no memory of a room") from error


@dataclass(frozen=True, slots=True)
class KeptRoom:
    """What a relay finds of a room that is new to it: what another one left, and what the app wants of it."""

    memory: RoomMemory | None = None
    orders: RoomOrders | None = None


_JSON = TypeAdapter(RoomMemory)
