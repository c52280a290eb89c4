"""Two or more real browsers in one room, through a real relay; media through it, or through a real Janus."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.room_in_browsers import Relay, Visitor, wait_until

MakeVisitor = Callable[..., Visitor]
pytestmark = pytest.mark.parametrize("media_settings", ["relay", "janus"], indirect=True)


def a_viewer_state(**changes: Any) -> dict[str, Any]:
    return {
        "studyInstanceUid": "1.2.3",
        "seriesInstanceUid": "1.2.3.4",
        "sopInstanceUid": "1.2.3.4.5",
        "frame": 0,
        "windowCenter": -600,
        "windowWidth": 1500,
        "zoom": 1,
        "panX": 0,
        "panY": 0,
        "rotation": 90,
        "flip": True,
        "invert": False,
        "findingId": None,
        "tool": None,
        "layout": "stack",
        "prior": None,
        "hanging": None,
        "mpr": None,
        **changes,
    }


def test_two_see_and_hear_each_other_and_share_what_they_look_at(visitor: MakeVisitor) -> None:
    anna, ben = visitor("anna").enter(), visitor("ben", role="presenter").enter()
    for here, there in ((anna, ben), (ben, anna)):
        here.sees(there)
        here.hears()

    anna.page.evaluate("state => session.sendViewer(state)", a_viewer_state())
    ben.waits("state.viewer?.sopInstanceUid === '1.2.3.4.5'", "anna's slice is here")
    assert ben.state["viewer"] == a_viewer_state()

    ben.page.evaluate("session.sendPointer({sopInstanceUid: '1.2.3.4.5', x: 10.5, y: 20})")
    anna.waits("state.pointers.ben?.x === 10.5", "ben's pointer is here")
    ben.page.evaluate("session.sendPointer(null)")
    anna.waits("state.pointers.ben === undefined", "ben's pointer is gone")

    ben.page.evaluate("state => session.sendViewer(state)", a_viewer_state(sopInstanceUid="1.2.3.4.6"))
    anna.page.evaluate("session.step({type: 'givePresenter', participantId: 'ben'})")
    anna.waits("state.presenterId === 'ben'", "ben presents")
    assert anna.state["viewer"]["sopInstanceUid"] == "1.2.3.4.5", "ben did not present when he sent it"
    ben.page.evaluate("state => session.sendViewer(state)", a_viewer_state(sopInstanceUid="1.2.3.4.7"))
    anna.waits("state.viewer?.sopInstanceUid === '1.2.3.4.7'", "ben's slice is here")


def test_whoever_reloads_the_page_is_back_with_picture_and_viewer(visitor: MakeVisitor) -> None:
    anna, ben = visitor("anna").enter(), visitor("ben").enter()
    anna.sees(ben)
    anna.page.evaluate("state => session.sendViewer(state)", a_viewer_state(zoom=2.5))

    ben.enter()
    ben.waits("state.viewer?.zoom === 2.5", "the viewer state is here for who comes late")
    ben.sees(anna)
    anna.sees(ben)
    anna.waits("state.participants.length === 2", "there is no ghost")


def test_the_later_tab_of_one_user_replaces_the_earlier(visitor: MakeVisitor) -> None:
    ben, first = visitor("ben").enter(), visitor("anna").enter()
    second = visitor("anna").enter()
    first.waits("state.status === 'closed' && state.error.code === 'replaced'", "it is told why")
    second.sees(ben)
    ben.sees(second)


def test_one_without_camera_and_microphone_takes_part(visitor: MakeVisitor) -> None:
    anna, ben = visitor("anna").enter(), visitor("ben").enter(audio=False, video=False)
    ben.sees(anna)
    ben.hears()
    anna.waits("state.participants.some(p => p.id === 'ben' && !p.audio && !p.video)", "ben has nothing on")

    ben.page.evaluate(
        "async () => session.setLocalStream(await navigator.mediaDevices.getUserMedia({video: true}))"
    )
    anna.waits("state.participants.some(p => p.id === 'ben' && p.video)", "ben's camera is on")
    anna.sees(ben)

    ben.page.evaluate("session.setMedia({audio: true, video: false})")
    anna.waits("state.participants.some(p => p.id === 'ben' && !p.video)", "ben's camera is off")
    ben.page.evaluate("session.setMedia({audio: true, video: true})")
    anna.sees(ben)


def test_a_shared_screen_comes_in_its_own_size_beside_the_face_and_goes_and_comes_again(
    visitor: MakeVisitor,
) -> None:
    anna, ben = visitor("anna").enter(), visitor("ben").enter()
    ben.sees(anna)
    for width, height in ((1280, 720), (960, 600)):
        anna.page.evaluate("([w, h]) => session.setScreen(aScreen(w, h))", [width, height])
        ben.waits("state.participants.some(p => p.id === 'anna' && p.screenStream !== null)", "it is here")
        wait_until(
            lambda size=[width, height]: ben.page.evaluate("screenSize('anna')") == size,
            "every pixel of the screen arrives",
        )
        ben.sees(anna)
        carla = visitor("carla").enter()
        carla.waits(
            "state.participants.some(p => p.id === 'anna' && p.screenStream !== null)", "who comes late too"
        )
        carla.page.evaluate("session.close()")

        anna.page.evaluate("session.setScreen(null)")
        ben.waits(
            "state.participants.every(p => !p.screen && p.screenStream === null)", "the screen is gone"
        )
        ben.sees(anna)


def test_a_second_screen_is_refused_while_one_is_shared(visitor: MakeVisitor) -> None:
    anna, ben = visitor("anna").enter(), visitor("ben").enter()
    anna.page.evaluate("session.setScreen(aScreen(640, 480))")
    ben.waits("state.participants.some(p => p.id === 'anna' && p.screen)", "anna shares")
    ben.page.evaluate("session.setScreen(aScreen(320, 240))")
    ben.waits("state.error?.code === 'screen-taken'", "ben is told")
    anna.waits("state.participants.every(p => p.id === 'anna' || !p.screen)", "ben's is not shown")


@pytest.mark.timeout(300)
def test_four_see_each_other_whatever_they_may(visitor: MakeVisitor) -> None:
    roles = {"anna": "presenter", "ben": "presenter", "carla": "participant", "dan": "participant"}
    everybody = [visitor(name, role).enter() for name, role in roles.items()]
    for here in everybody:
        for there in everybody:
            if here is not there:
                here.sees(there)

    *rest, dan = everybody
    dan.page.evaluate("session.close()")
    for here in rest:
        here.waits("state.participants.length === 3", "dan is gone")
    rest[0].sees(rest[1])


def test_a_relay_that_starts_anew_gets_its_participants_back(visitor: MakeVisitor, relay: Relay) -> None:
    anna, ben = visitor("anna").enter(), visitor("ben").enter()
    anna.sees(ben)
    anna.page.evaluate("state => session.sendViewer(state)", a_viewer_state(zoom=3))
    ben.waits("state.viewer?.zoom === 3", "anna's state is here")

    assert relay.stop() == 0
    for here in (anna, ben):
        here.waits("state.status === 'reconnecting'", "it knows that the relay is gone")
        assert here.state["viewer"]["zoom"] == 3, "what was on screen stays there"
    relay.start()
    for here, there in ((anna, ben), (ben, anna)):
        here.waits("state.status === 'connected' && state.participants.length === 2", "both are back")
        here.sees(there)


@pytest.mark.timeout(200)
def test_the_publisher_learns_what_the_line_carries(visitor: MakeVisitor) -> None:
    """From 300 kbit/s upwards. Without feedback libwebrtc's estimate falls to 30 kbit/s."""
    anna = visitor("anna").enter()
    wait_until(
        lambda: (anna.page.evaluate("availableBps()") or 0) > 400_000,
        "feedback lets anna send more than at the start",
        timeout_s=150,
    )
