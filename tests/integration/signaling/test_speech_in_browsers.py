"""In which form speech goes between real Chromium: in RED, as plain Opus, as next to nothing in silence."""

from collections.abc import Callable

import pytest

from tests.room_in_browsers import Visitor, wait_until

OPUS, RED = 111, 63  # as the relay numbers them

# A voice in place of the microphone's: its loudness, 0 to 1, and whether it is speech or "music".
SAY = """([gain, hint]) => {
  window.context ??= new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 300 });
  const out = context.createMediaStreamDestination();
  tone.connect(new GainNode(context, { gain })).connect(out);
  tone.start();
  out.stream.getAudioTracks()[0].contentHint = hint;
  return session.setLocalStream(out.stream);
}"""
# Plays all sound that comes, and notes as what it came: statistics name the codec inside of RED.
LISTENS = """
window.heardAs = [];
const look = `onrtctransform = ({ transformer: { readable, writable } }) => {
  const tell = (frame, out) => { postMessage(frame.getMetadata().payloadType); out.enqueue(frame); };
  readable.pipeThrough(new TransformStream({ transform: tell })).pipeTo(writable);
};`;
const worker = new Worker(URL.createObjectURL(new Blob([look])));
worker.onmessage = ({ data }) => heardAs.push(data);
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...configuration) {
    super(...configuration);
    this.addEventListener("track", ({ receiver, track }) => {
      if (track.kind !== "audio") return;
      receiver.transform ??= new RTCRtpScriptTransform(worker);
      Object.assign(new Audio(), { srcObject: new MediaStream([track]) }).play();
    });
  }
};
"""
HEARD_AS = "heardAs.splice(0)"
# A browser that knows no RED of sound, as Firefox.
KNOWS_NO_RED = """
const describe = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
  const known = sdp.replace(/ 63 111/g, " 111").replace(/a=(rtpmap|fmtp):63 .*\\r\\n/g, "");
  return describe.call(this, { type, sdp: known });
};
"""
PACKETS_A_SECOND = """async () => {
  const [entry] = (await Promise.all(connections.map((one) => one.getStats())))
    .flatMap((report) => [...report.values()]).filter(({ type }) => type === "outbound-rtp");
  const before = window.before ?? entry;
  window.before = entry;
  return entry.timestamp > before.timestamp
    ? (1000 * (entry.packetsSent - before.packetsSent)) / (entry.timestamp - before.timestamp) : null;
}"""


def sends_each_second(visitor: Visitor, is_so: Callable[[float], bool], what: str) -> None:
    def holds() -> bool:
        visitor.page.wait_for_timeout(1_000)
        rate = visitor.page.evaluate(PACKETS_A_SECOND)
        return rate is not None and is_so(rate)

    wait_until(holds, what)


@pytest.mark.timeout(240)
def test_speech_goes_in_red_to_who_takes_it_and_heart_sounds_go_plain_and_without_pause(
    visitor: Callable[..., Visitor],
) -> None:
    anna, ben, carla = (visitor(name) for name in ("anna", "ben", "carla"))
    carla.page.add_init_script(KNOWS_NO_RED)
    for one in (ben, carla):
        one.page.add_init_script(LISTENS)
    for one in (anna, ben, carla):
        one.enter(audio=False, video=False)
    anna.page.evaluate(SAY, [0.3, "speech"])
    for one in (ben, carla):
        one.hears()
    wait_until(lambda: RED in ben.page.evaluate(HEARD_AS), "ben gets RED")
    heard = wait_until(lambda: carla.page.evaluate(HEARD_AS), "carla gets something")
    assert set(heard) == {OPUS}

    anna.page.evaluate(SAY, [0, "speech"])
    sends_each_second(anna, lambda rate: rate < 15, "next to nothing is sent in silence")
    anna.page.evaluate(SAY, [0, "music"])
    sends_each_second(anna, lambda rate: rate > 40, "what is too quiet for speech is sent")
    wait_until(lambda: set(ben.page.evaluate(HEARD_AS)) == {OPUS}, "it comes without copies")
    anna.page.evaluate(SAY, [0.3, "speech"])
    wait_until(lambda: RED in ben.page.evaluate(HEARD_AS), "speech comes in RED again")
    ben.hears()
