"""What the app wants of a room, as it stands: the room's relay looks at it with every heartbeat.

A state and no message: an order that was not heard in time is heard with the next heartbeat, at another relay
too. Ids only.
"""

from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError


@dataclass(frozen=True, slots=True)
class RoomOrders:
    """`consent_in_force`: without it nothing is recorded. `shut_out`: who may not be in the room any more.
    `over`: the consult's call has ended; nobody is in the room and nobody comes in."""

    consent_in_force: bool = True
    shut_out: frozenset[str] = field(default=frozenset())
    over: bool = False

    def to_json(self) -> str:
        return _JSON.dump_json(self).decode()

    @staticmethod
    def from_json(text: str) -> "RoomOrders":
        """Raises ValueError: it is none, or one of another version."""
        try:
            return _JSON.validate_json(text)
        except ValidationError as error:
            raise ValueError("no orders to a room") from error


_JSON = TypeAdapter(RoomOrders)
