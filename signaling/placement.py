"""Which relay has a room, as a pure function of who lives and how busy each of them is."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

ABOUT_AS_BUSY = 0.2  # of a core: who differs by less is as good


def place(room_id: str, relays: Sequence[str], loads: Mapping[str, float], current: str | None) -> str:
    """The relay for a room: where it is, if that one lives; else one of the least busy.

    Of those that are about as busy as the least busy one it is the highest by rendezvous hashing, so that
    everybody who asks at the same time finds the same, and of the rooms of a relay that is gone the others
    each get a share.

    Args:
        relays: the URLs of all that there are, at least one.
        loads: share of one core that each living relay uses. Where no relay is known to live, each may.
        current: where the room is by what is known.

    Source: Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998), section 3.
    """
    candidates = [relay for relay in relays if relay in loads] or list(relays)
    if current in candidates:
        return current
    least = min(loads.get(relay, 0.0) for relay in candidates)
    idle = [relay for relay in candidates if loads.get(relay, 0.0) <= least + ABOUT_AS_BUSY]
    return max(idle, key=lambda relay: sha256(f"{relay} {room_id}".encode()).digest())
