"""The wire schema: what passes, what does not, and that the front end's copy is the current one."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.messages import (
    BadMessage,
    SetViewer,
    ViewerChanged,
    ViewerState,
    json_schema,
    parse_client_message,
    parse_server_message,
    schema_text,
    to_json,
)
from signaling.typescript import typescript

WEB = Path(__file__).resolve().parents[3] / "web"
STATE = {
    "studyInstanceUid": "1.2",
    "seriesInstanceUid": "1.2.3",
    "sopInstanceUid": "1.2.3.4",
    "frame": 3,
    "windowCenter": 40,
    "windowWidth": 400,
    "zoom": 1,
    "panX": 0,
    "panY": 0,
    "rotation": 90,
    "flip": True,
    "invert": False,
    "findingId": None,
    "tool": "length",
    "layout": "mpr",
    "prior": None,
    "hanging": {
        "shown": "CC",
        "view": {"zoom": 2, "depthMm": 31.5, "downMm": -4},
        "priorStudyInstanceUid": "1.2",
    },
    "mpr": {
        "crosshair": {"x": -83.25, "y": -192, "z": -195},
        "centre": {"x": 0, "y": 0, "z": 0},
        "plane": "coronal",
        "slabs": {
            name: {"thicknessMm": 10, "projection": "mip"} for name in ("axial", "coronal", "sagittal")
        },
    },
}
IMAGE = {
    name: value
    for name, value in STATE.items()
    if name not in ("findingId", "tool", "layout", "prior", "hanging", "mpr")
}
PRIOR = {**IMAGE, "linkOffsetMm": -12.5, "isWindowLinked": True}
MEASUREMENT: dict[str, Any] = {
    "id": "m1",
    "studyInstanceUid": "1.2",
    "sopInstanceUid": "1.2.3.4",
    "frame": 0,
    "kind": "ellipse",
    "points": [{"x": x, "y": 1.5} for x in range(4)],
    "label": "左肺",
    "measured": {
        "kind": "ellipse",
        "area": 21.5,
        "basis": "pixel-spacing",
        "statistics": {"mean": -612.5, "deviation": 31, "least": -700, "most": -480, "count": 44},
        "unit": "HU",
    },
    "final": True,
}
OFFER = {"type": "description", "connection": "send", "description": {"type": "offer", "sdp": "v=0"}}
CANDIDATE = {"type": "candidate", "connection": "send", "candidate": "", "sdpMid": "0", "sdpMLineIndex": 0}
GOOD: list[dict[str, Any]] = [
    {"type": "join", "token": "t"},
    OFFER,
    CANDIDATE,
    {"type": "viewer", "state": STATE},
    {"type": "pointer", "pointer": None},
    {"type": "pointer", "pointer": {"sopInstanceUid": "1.2", "frame": 0, "x": 0.5, "y": 1}},
    {"type": "takePresenter"},
    {"type": "givePresenter", "participantId": "ben"},
    {"type": "askToPresent", "asks": True},
    {"type": "refuseToGive", "participantId": "ben"},
    {"type": "measurement", "measurement": MEASUREMENT},
    {"type": "measurement", "measurement": {**MEASUREMENT, "measured": None, "final": False}},
    {"type": "removeMeasurements", "ids": ["m1"]},
    {"type": "clearMeasurements"},
    {"type": "media", "audio": True, "video": False, "screen": True},
    {"type": "resume", "resumeToken": "secret", "received": 3},
    {"type": "mute", "participantId": None},
    {"type": "remove", "participantId": "anna"},
    {"type": "lock", "locked": True},
    {"type": "takeStill", "participantId": "anna", "source": "screen"},
    {"type": "admit", "participantId": "anna"},
    {"type": "decline", "participantId": "anna"},
]
BAD: list[Any] = [
    {},
    [],
    "join",
    {"type": "welcome"},
    {"type": "join"},
    {"type": "join", "token": ""},
    {"type": "join", "token": "x" * 5_000},
    {"type": "takePresenter", "surprise": 1},
    {"type": "resume", "resumeToken": "secret", "received": -1},
    {"type": "remove", "participantId": None},
    {"type": "takeStill", "participantId": "anna", "source": "microphone"},
    {"type": "measurement", "measurement": {**MEASUREMENT, "points": []}},
    {"type": "measurement", "measurement": {**MEASUREMENT, "points": MEASUREMENT["points"] * 2}},
    {"type": "measurement", "measurement": {**MEASUREMENT, "label": "x" * 81}},
    {"type": "measurement", "measurement": {**MEASUREMENT, "measured": {"kind": "length", "length": -1}}},
    {"type": "measurement", "measurement": {**MEASUREMENT, "frame": -1}},
    {"type": "removeMeasurements", "ids": ["x"] * 201},
    {**OFFER, "connection": "both"},
    {**OFFER, "description": {"type": "rollback", "sdp": ""}},
    {**OFFER, "description": {"type": "offer", "sdp": "x" * 70_000}},
    {**CANDIDATE, "candidate": "x" * 2_000},
    {"type": "viewer", "state": {**STATE, "zoom": 0}},
    {"type": "viewer", "state": {**STATE, "windowWidth": -1}},
    {"type": "viewer", "state": {**STATE, "panX": 1e9}},
    {"type": "viewer", "state": {**STATE, "sopInstanceUid": "<script>"}},
    {"type": "viewer", "state": {**STATE, "rotation": 45}},
    {"type": "viewer", "state": {**STATE, "layout": "carousel"}},
    {"type": "viewer", "state": {**STATE, "prior": {**PRIOR, "linkOffsetMm": "up"}}},
    {"type": "viewer", "state": {**STATE, "hanging": {"shown": "L-ML", "view": None}}},
    {"type": "viewer", "state": {**STATE, "mpr": {"crosshair": None}}},
    {"type": "viewer", "state": {**STATE, "patientName": "X"}},
    {"type": "viewer", "state": {k: v for k, v in STATE.items() if k != "zoom"}},
]


@pytest.mark.parametrize("message", GOOD, ids=lambda m: m["type"])
def test_a_good_message_passes_and_fits_the_schema(message: dict[str, Any]) -> None:
    parsed = parse_client_message(json.dumps(message))
    assert json.loads(to_json(parsed)) == message
    jsonschema.validate(message, {"$ref": "#/$defs/ClientMessage", **json_schema()})


@pytest.mark.parametrize("message", BAD, ids=lambda m: str(m)[:40])
def test_a_bad_message_is_refused(message: Any) -> None:
    with pytest.raises(BadMessage):
        parse_client_message(json.dumps(message))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_no_infinite_number_passes(number: str) -> None:
    text = json.dumps({"type": "viewer", "state": {**STATE, "zoom": "N"}}).replace('"N"', number)
    with pytest.raises(BadMessage):
        parse_client_message(text)


def test_a_refusal_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(BadMessage) as refusal:
        parse_client_message('{"type": "join", "name": "Li Lei"}')
    assert "Li Lei" not in str(refusal.value)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_no_bytes_do_anything_but_pass_or_be_refused(content: bytes | str) -> None:
    with suppress(BadMessage):
        parse_client_message(content)


NUMBERS = st.floats(-1e6, 1e6)
STATES = st.fixed_dictionaries(
    {
        **{name: st.just(value) for name, value in STATE.items()},
        **{name: NUMBERS for name in ("windowCenter", "panX", "panY")},
        "zoom": st.floats(1e-3, 1e3),
        "rotation": st.sampled_from([0, 90, 180, 270]),
        "flip": st.booleans(),
        "invert": st.booleans(),
        "findingId": st.none() | st.text(min_size=1, max_size=64),
        "layout": st.sampled_from(["stack", "mpr", "compare", "mammography"]),
        "prior": st.sampled_from([None, PRIOR]),
        "hanging": st.sampled_from([None, STATE["hanging"]]),
    }
)


def test_a_viewer_state_from_before_turned_pictures_and_layouts_is_an_upright_stack() -> None:
    kept = {name: value for name, value in STATE.items() if name not in ("rotation", "flip", "layout", "mpr")}
    state = ViewerState.model_validate(kept)
    assert (state.rotation, state.flip, state.layout, state.mpr) == (0, False, "stack", None)


@given(STATES.map(ViewerState.model_validate))
def test_a_viewer_state_arrives_as_it_was_sent(state: ViewerState) -> None:
    assert parse_client_message(to_json(SetViewer(state=state))) == SetViewer(state=state)
    changed = ViewerChanged(seq=1, participant_id="a", state=state)
    assert parse_server_message(to_json(changed)) == changed


def test_the_front_end_has_this_schema() -> None:
    remake = "run `python -m signaling.messages`"
    assert (WEB / "signaling.schema.json").read_text() == schema_text(), remake
    assert (WEB / "src" / "signaling" / "messages.ts").read_text() == typescript(json_schema()), remake
