"""Who speaks is told to the room, by the audio levels of real Chromium."""

from collections.abc import Callable

import pytest

from tests.room_in_browsers import Visitor

# A voice of this loudness instead of the microphone's, 0 to 1.
SAY = """(gain) => {
  if (window.voice === undefined) {
    const context = new AudioContext();
    const tone = new OscillatorNode(context, { frequency: 300 });
    window.voice = new GainNode(context, { gain });
    const stream = context.createMediaStreamDestination();
    tone.connect(window.voice).connect(stream);
    tone.start();
    return session.setLocalStream(stream.stream);
  }
  window.voice.gain.value = gain;
}"""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("media_settings", ["relay", "janus"], indirect=True)
def test_whoever_speaks_is_the_speaker_for_everybody(visitor: Callable[..., Visitor]) -> None:
    anna, ben, carla = (visitor(name).enter(audio=False, video=False) for name in ("anna", "ben", "carla"))
    anna.page.evaluate(SAY, 0.3)
    ben.page.evaluate(SAY, 0)
    for everybody in (anna, ben, carla):
        everybody.waits("state.speakerId === 'anna'", "anna speaks")

    anna.page.evaluate(SAY, 0)
    ben.page.evaluate(SAY, 0.3)
    carla.waits("state.speakerId === 'ben'", "ben speaks")
    ben.page.evaluate("session.close()")
    carla.waits("state.speakerId === null", "who has left does not speak")
