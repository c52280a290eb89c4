"""Which size of a picture a recorder receives."""

import pytest

from signaling.relay.descriptions import SentSection
from signaling.relay.publisher import Layer, Publisher, Track
from signaling.relay.python_core import PythonCore
from signaling.relay.reception import Reception
from signaling.relay.tap import STALLED_S, largest_that_comes

RIDS = ("q", "h", "f")


def a_track(**heard_at_s: float) -> Track:
    """A picture in these sizes, each last heard at a time."""
    section = SentSection("video", "1", {}, {}, {}, RIDS, None, None, True, True)
    publisher = Publisher(PythonCore(), "anna", lambda: 1, *4 * [lambda *_: None])
    track = Track(publisher, section, "anna")
    for number, rid in enumerate(RIDS):
        if rid in heard_at_s:
            layer = Layer(number, track, rid, number, None, Reception(90_000), heard_at_s=heard_at_s[rid])
            track.layers.append(layer)
    return track


@pytest.mark.parametrize(
    ("heard_at_s", "expected"),
    [
        ({}, None),
        ({"q": 9.0}, "q"),
        ({"q": 9.0, "h": 9.0, "f": 9.0}, "f"),
        ({"q": 9.0, "h": 9.0, "f": 9.0 - STALLED_S / 2}, "f"),
        ({"q": 9.0, "h": 9.0, "f": 8.9 - STALLED_S}, "h"),
        ({"q": 9.0, "h": 8.9 - STALLED_S, "f": 8.9 - STALLED_S}, "q"),
        ({"q": 9.0, "h": 9.0, "f": float("-inf")}, "h"),
        ({"q": float("-inf")}, "q"),
    ],
)
def test_a_size_that_stalls_while_a_smaller_one_goes_on_gives_way_to_it(
    heard_at_s: dict[str, float], expected: str | None
) -> None:
    layer = largest_that_comes(a_track(**heard_at_s))
    assert (layer and layer.rid) == expected
