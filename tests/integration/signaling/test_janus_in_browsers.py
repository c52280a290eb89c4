"""Real Chromium over a real Janus: what only that engine has to hold; the rest: test_room_in_browsers."""

from collections.abc import Callable

import pytest

from tests.integration.signaling.test_simulcast import CAMERA, PATIENCE_S, gets, stands_still
from tests.janus_server import JanusServer
from tests.room_in_browsers import Visitor, wait_until

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


@pytest.mark.timeout(200)
def test_a_window_gets_the_size_that_fills_it(visitor: MakeVisitor) -> None:
    anna, ben = visitor("anna").enter(video=CAMERA), visitor("ben").enter(video=False)
    ben.sees(anna)
    gets(ben, 640, "a window of unknown size gets the largest")
    ben.page.evaluate("session.sizePicture('anna', 150)")
    gets(ben, 320, "a small window gets the small size")
    ben.page.evaluate("session.sizePicture('anna', 0)")
    wait_until(lambda: stands_still(ben), "what is not on the screen does not come", PATIENCE_S)
    ben.page.evaluate("session.sizePicture('anna', 600)")
    gets(ben, 640, "a large window gets the large size")
