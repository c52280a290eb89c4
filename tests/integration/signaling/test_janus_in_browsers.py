"""Real Chromium over a real Janus: what only that engine has to hold; the rest stands beside the relay's."""

from collections.abc import Callable

import pytest

from tests.janus_server import JanusServer
from tests.room_in_browsers import Visitor

MakeVisitor = Callable[..., Visitor]
pytestmark = pytest.mark.parametrize("media_settings", ["janus"], indirect=True)


def test_when_janus_ends_and_comes_back_they_see_each_other_again(
    visitor: MakeVisitor, janus_server: JanusServer
) -> None:
    anna, ben = visitor("anna").enter(), visitor("ben").enter()
    anna.sees(ben)

    janus_server.kill()
    anna.waits("state.status === 'reconnecting'", "it knows that its media are gone")
    janus_server.start()
    for here, there in ((anna, ben), (ben, anna)):
        here.waits("state.status === 'connected' && state.participants.length === 2", "both are back")
        here.sees(there)
