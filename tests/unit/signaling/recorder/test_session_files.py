"""From packets to files: what a decoder finds in them, and when a file begins and ends."""

import random
from collections.abc import Iterable
from functools import cache

import pytest

from signaling.recorder.control import TrackOf
from signaling.recorder.frames import Packet
from signaling.recorder.session_files import MAX_PARTS, Part, Sender, SessionFiles
from signaling.recorder.webm import with_duration
from tests.recorded_media import (
    VIDEO_CLOCK_HZ,
    Encoded,
    contents,
    h264_packets,
    opus_packets,
    pictures,
    tone,
    vp8_packets,
)

OPUS, VP8, H264 = 111, 96, 102
VOICE = TrackOf(ssrc=1, kind="audio", participant_id="anna")
FACE = TrackOf(ssrc=2, kind="video", participant_id="anna")
CLOCKS_HZ = {OPUS: 48_000, VP8: VIDEO_CLOCK_HZ, H264: VIDEO_CLOCK_HZ}
Sent = tuple[float, int, int, Packet]  # when it comes in s, ssrc, payload type


@cache
def speech() -> list[Encoded]:
    return tone(440, 3)


@cache
def face() -> list[Encoded]:
    return pictures("libvpx", 320, 240, 60)


def coming(track: TrackOf, payload_type: int, packets: Iterable[Packet], late_s: float = 0) -> list[Sent]:
    rate = CLOCKS_HZ[payload_type]
    return [(late_s + one.timestamp / rate, track.ssrc, payload_type, one) for one in packets]


def record(files: SessionFiles, *sent: list[Sent]) -> None:
    """Give everything in order of time; ties as given."""
    last_s = 0.0
    for at_s, ssrc, payload_type, packet in sorted(
        (one for some in sent for one in some), key=lambda s: s[0]
    ):
        files.take_packet(ssrc, payload_type, packet, at_s)
        files.tick(at_s)
        last_s = at_s
    files.end(last_s + 2)


def written(part: Part) -> bytes:
    assert part.is_over
    return with_duration(part.take_bytes(1e9), part.written_ms)


def test_what_was_not_sent_in_silence_is_silence_in_the_file() -> None:
    files = SessionFiles()
    files.set_tracks([VOICE], 0)
    said, again = speech()[:50], speech()[90:140]  # between them one packet of a silent microphone
    sent = list(opus_packets([*said, speech()[70], *again]))
    record(files, coming(VOICE, OPUS, sent))
    (part,) = files.parts
    found = contents(written(part))
    assert len(found.sound_times_s) == 140, "nothing has moved into the gap"
    assert found.sound_times_s[-1] - found.sound_times_s[0] == pytest.approx(139 * 0.02, abs=0.01)
    assert part.lost_packets == 0


def test_sound_that_was_away_for_long_is_not_made_up() -> None:
    files = SessionFiles()
    files.set_tracks([VOICE], 0)
    record(files, coming(VOICE, OPUS, opus_packets([*speech()[:20], *speech()[100:120]])))
    assert len(contents(written(files.parts[0])).sound_times_s) == 40


def test_a_voice_and_its_face_are_one_file_that_a_decoder_reads_whole() -> None:
    files = SessionFiles()
    files.set_tracks([VOICE, FACE], 0)
    record(files, coming(VOICE, OPUS, opus_packets(speech())), coming(FACE, VP8, vp8_packets(face())))
    (part,) = files.parts
    found = contents(written(part))
    assert found.sizes == [(320, 240)] * 60
    assert found.tone_hz == pytest.approx(440, abs=2)
    assert found.picture_times_s[-1] - found.picture_times_s[0] == pytest.approx(59 / 20, abs=0.002)
    assert len(found.sound_times_s) == len(speech())
    assert found.duration_s == pytest.approx(3, abs=0.1)
    assert part.lost_packets == 0


def test_h264_is_recorded_with_its_size() -> None:
    frames = pictures("libx264", 322, 242, 40)
    files = SessionFiles()
    files.set_tracks([FACE], 0)
    record(files, coming(FACE, H264, h264_packets(frames)))
    (part,) = files.parts
    found = contents(written(part))
    assert found.sizes == [(322, 242)] * 40
    assert (part.formats[0].width, part.formats[0].height) == (322, 242)


def test_packets_that_overtake_each_other_and_come_twice_change_nothing() -> None:
    shuffled = coming(FACE, VP8, vp8_packets(face()))
    dice = random.Random(5)
    uneven = [(at_s + dice.uniform(0, 0.1), *rest) for at_s, *rest in shuffled for _ in range(2)]
    uneven[0] = (0.0, *uneven[0][1:])  # which packet is the first is not known otherwise
    files = SessionFiles()
    files.set_tracks([FACE], 0)
    record(files, uneven)  # type: ignore[arg-type]
    (part,) = files.parts
    assert len(contents(written(part)).sizes) == 60
    assert part.lost_packets == 0


def test_after_a_loss_pictures_go_on_with_the_next_key_frame_and_one_is_asked_for() -> None:
    sent = coming(FACE, VP8, vp8_packets(face()))
    of_25th = [one for one in sent if one[3].timestamp == 25 * VIDEO_CLOCK_HZ // 20]
    sent.remove(of_25th[0])
    files = SessionFiles()
    files.set_tracks([FACE], 0)
    asked = []
    for at_s, ssrc, payload_type, packet in sent:
        files.take_packet(ssrc, payload_type, packet, at_s)
        asked += files.take_key_frame_requests()
    files.end(10)
    (part,) = files.parts
    found = contents(written(part))
    assert len(found.sizes) == 25 + 20, "from the 26th picture to the key frame at the 40th nothing"
    assert FACE.ssrc in asked and part.lost_packets == 1


@pytest.mark.parametrize("late_s", [0.0, 0.4])
def test_lips_fit_words_however_late_the_pictures_come(late_s: float) -> None:
    """Sound and picture were made together; reports say so (RFC 3550 section 6.4.1)."""
    files = SessionFiles()
    files.set_tracks([VOICE, FACE], 0)
    second = 1 << 32
    voice = coming(VOICE, OPUS, opus_packets(speech()))
    pictures_ = coming(FACE, VP8, vp8_packets(face()), late_s)
    said = False
    for at_s, ssrc, payload_type, packet in sorted([*voice, *pictures_], key=lambda s: s[0]):
        files.take_packet(ssrc, payload_type, packet, at_s)
        if at_s > 0.9 and not said:
            said = True
            files.take_report(VOICE.ssrc, 24_000, 3_900_000_000 * second + second // 2)
            files.take_report(FACE.ssrc, 45_000, 3_900_000_000 * second + second // 2)
        files.tick(at_s)
    files.end(6)
    (part,) = files.parts
    found = contents(written(part))
    assert found.picture_times_s[0] - found.sound_times_s[0] == pytest.approx(0, abs=0.03)


def test_a_camera_that_is_switched_on_later_begins_another_file_with_the_voice_in_both() -> None:
    files = SessionFiles()
    files.set_tracks([VOICE, FACE], 0)
    record(
        files,
        coming(VOICE, OPUS, opus_packets(tone(440, 6))),
        coming(FACE, VP8, vp8_packets(face()), late_s=3.0),
    )
    first, second = (contents(written(part)) for part in files.parts)
    assert first.sizes == [] and second.sizes == [(320, 240)] * 60
    assert len(first.sound_times_s) + len(second.sound_times_s) == 300
    gap_s = files.parts[1].began_s - files.parts[0].began_s - 3.0
    assert gap_s == pytest.approx(0, abs=0.1)


def test_people_are_in_files_of_their_own_and_who_leaves_ends_theirs() -> None:
    ben = TrackOf(ssrc=3, kind="audio", participant_id="ben")
    files = SessionFiles()
    files.set_tracks([VOICE, ben], 0)
    both = [*coming(VOICE, OPUS, opus_packets(speech())), *coming(ben, OPUS, opus_packets(tone(880, 3)))]
    for at_s, ssrc, payload_type, packet in sorted(both, key=lambda one: one[0]):
        files.take_packet(ssrc, payload_type, packet, at_s)
        files.tick(at_s)
    files.set_tracks([VOICE], 5)
    assert [(part.sender, part.is_over) for part in files.parts] == [
        (Sender("anna", False), False),
        (Sender("ben", False), True),
    ]
    files.end(6)
    heard = {part.sender.participant_id: contents(written(part)).tone_hz for part in files.parts}
    assert heard == {"anna": pytest.approx(440, abs=2), "ben": pytest.approx(880, abs=2)}


def test_a_shared_screen_is_a_file_of_its_own_beside_the_face_of_who_shares_it() -> None:
    screen = TrackOf(ssrc=4, kind="video", participant_id="anna", is_screen=True)
    files = SessionFiles()
    files.set_tracks([FACE, screen], 0)
    both = [
        *coming(FACE, VP8, vp8_packets(pictures("libvpx", 160, 120, 40))),
        *coming(screen, VP8, vp8_packets(pictures("libvpx", 320, 180, 40))),
    ]
    for at_s, ssrc, payload_type, packet in sorted(both, key=lambda one: one[0]):
        files.take_packet(ssrc, payload_type, packet, at_s)
        files.tick(at_s)
    files.end(3)
    seen = {part.sender: set(contents(written(part)).sizes) for part in files.parts}
    assert seen == {Sender("anna", False): {(160, 120)}, Sender("anna", True): {(320, 180)}}


def test_packets_that_come_before_their_track_is_named_are_not_lost() -> None:
    files = SessionFiles()
    for at_s, ssrc, payload_type, packet in coming(FACE, VP8, vp8_packets(face()[:10])):
        files.take_packet(ssrc, payload_type, packet, at_s)
    files.set_tracks([FACE], 0.6)
    files.end(3)
    (part,) = files.parts
    assert len(contents(written(part)).sizes) == 10


def test_a_file_that_was_cut_off_plays_to_its_last_cluster() -> None:
    files = SessionFiles()
    files.set_tracks([FACE], 0)
    pieces = []
    for at_s, ssrc, payload_type, packet in coming(FACE, VP8, vp8_packets(face())):
        files.take_packet(ssrc, payload_type, packet, at_s)
        files.tick(at_s)
        pieces += [part.take_bytes(at_s) for part in files.parts]
    assert len([piece for piece in pieces if piece]) > 5
    found = contents(b"".join(pieces))
    assert 20 <= len(found.sizes) < 60


def test_nonsense_in_payloads_leaves_the_others_alone() -> None:
    dice = random.Random(7)
    files = SessionFiles()
    files.set_tracks([VOICE, FACE], 0)
    for number in range(2_000):
        payload = dice.randbytes(dice.randrange(40))
        packet = Packet(number, number * 1_000, bool(number % 2), payload)
        files.take_packet(FACE.ssrc, dice.choice([VP8, 5]), packet, number / 100)
    record(files, coming(VOICE, OPUS, opus_packets(speech()), late_s=21))
    (voice,) = [part for part in files.parts if part.tracks == (VOICE.ssrc,)]
    assert contents(written(voice)).tone_hz == pytest.approx(440, abs=2)


def test_formats_that_change_without_end_make_no_files_without_end() -> None:
    frames = [pictures("libx264", 64 + 16 * size, 64, 1)[0].data for size in range(2)]
    endless = [Encoded(number * 9_000, frames[number % 2]) for number in range(2 * MAX_PARTS)]
    files = SessionFiles()
    files.set_tracks([FACE], 0)
    for at_s, ssrc, payload_type, packet in coming(FACE, H264, h264_packets(endless)):
        files.take_packet(ssrc, payload_type, packet, at_s)
        files.take_report(ssrc, 0, 1 << 32)
    assert len(files.parts) == MAX_PARTS
