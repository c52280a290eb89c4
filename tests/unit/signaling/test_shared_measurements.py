"""What is measured in a room is on every screen, is its owner's, and is kept."""

import pytest

from signaling.measurement import MOST_SHARED, ImageMeasurement, ImagePoint, SharedMeasurement
from signaling.media import Stay
from signaling.messages import (
    ClearMeasurements,
    ErrorCode,
    ErrorMessage,
    MeasurementChanged,
    MeasurementsRemoved,
    RemoveMeasurements,
    SetMeasurement,
    Welcome,
)
from signaling.roles import RIGHTS, Right, Role
from signaling.room import Room
from signaling.room_effects import Send
from signaling.room_memory import RoomMemory
from tests.unit.signaling.test_moderation import hears, says
from tests.unit.signaling.test_room import NOON, a_room_with, joined, sent_to


def a_measurement(name: str, *, final: bool = True, x: float = 8) -> ImageMeasurement:
    return ImageMeasurement.model_validate({
        "id": name,
        "study_instance_uid": "1.2",
        "sop_instance_uid": "1.2.3.4",
        "frame": 0,
        "kind": "length",
        "points": (ImagePoint(x=1, y=2), ImagePoint(x=x, y=2)),
        "label": "",
        "measured": {"kind": "length", "length": x - 1, "basis": "pixel-spacing"},
        "final": final,
    })


def measures(room: Room, stay: Stay, name: str, *, final: bool = True, x: float = 8) -> MeasurementChanged:
    """And all who see images are told the same, the one who measured too."""
    effects = says(room, stay, SetMeasurement(measurement=a_measurement(name, final=final, x=x)))
    told = {tuple(hears(one.stay, effects, MeasurementChanged)) for one in room.present.values()} - {()}
    ((changed,),) = told
    return changed


def test_it_is_on_every_screen_with_its_owner_s_name_while_it_is_drawn_and_when_it_is_done() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    for x, final in ((3.0, False), (8.0, True)):
        shared = measures(room, ben, "m1", final=final, x=x).shared
        assert (shared.owner_id, shared.owner_name) == ("ben", "Ben")
        assert shared.measurement == a_measurement("m1", final=final, x=x)
    assert list(room.measurements) == ["m1"]
    assert room.presenter_id == anna.participant_id, "to measure is not to present"


def test_who_comes_late_gets_what_was_measured_unless_images_are_not_shown_to_them() -> None:
    room, (anna,) = a_room_with("anna")
    shared = measures(room, anna, "m1").shared
    for role, seen in ((Role.LISTENER, (shared,)), (Role.PATIENT, ())):
        stay, effects = joined(room, role.value, role=role)
        (welcome,) = [one for one in sent_to(stay, effects) if isinstance(one, Welcome)]
        assert welcome.measurements == seen


def test_only_its_owner_changes_or_removes_it_and_the_presenter_clears_all() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    measures(room, anna, "a")
    measures(room, ben, "b")
    for message in (SetMeasurement(measurement=a_measurement("a")), RemoveMeasurements(ids=("a", "b"))):
        assert says(room, ben, message) == [Send(ben, ErrorMessage(code=ErrorCode.NOT_ALLOWED))]
    assert set(room.measurements) == {"a", "b"}
    assert says(room, ben, ClearMeasurements()) == [Send(ben, ErrorMessage(code=ErrorCode.NOT_PRESENTER))]

    effects = says(room, ben, RemoveMeasurements(ids=("b", "unknown")))
    (removed,) = hears(anna, effects, MeasurementsRemoved)
    assert removed.ids == ("b",)
    measures(room, ben, "c")
    cleared = MeasurementsRemoved(participant_id="anna", ids=("a", "c"))
    assert hears(ben, says(room, anna, ClearMeasurements()), MeasurementsRemoved) == [cleared]
    assert room.measurements == {}
    assert says(room, anna, ClearMeasurements()) == []


def test_what_was_only_half_drawn_goes_with_who_drew_it_and_the_rest_is_remembered() -> None:
    room, (anna, ben) = a_room_with("anna", "ben")
    whole = measures(room, ben, "whole").shared
    measures(room, ben, "half", final=False)
    assert room.memory.measurements == (whole,)
    told = hears(anna, room.leave(ben, NOON), MeasurementsRemoved)
    assert told == [MeasurementsRemoved(participant_id="ben", ids=("half",))]

    elsewhere = Room("room")
    elsewhere.recall(RoomMemory.from_json(room.memory.to_json()))
    assert elsewhere.measurements == {"whole": whole}
    back, _ = joined(elsewhere, "ben")
    assert measures(elsewhere, back, "whole", x=9).shared.owner_name == "Ben"


def test_a_room_takes_so_many_and_then_says_so() -> None:
    room, (anna,) = a_room_with("anna")
    kept = SharedMeasurement(owner_id="anna", owner_name="Anna", measurement=a_measurement("m"))
    room.measurements = {str(number): kept for number in range(MOST_SHARED)}
    one_more = SetMeasurement(measurement=a_measurement("m"))
    assert says(room, anna, one_more) == [Send(anna, ErrorMessage(code=ErrorCode.TOO_MANY_MEASUREMENTS))]


@pytest.mark.parametrize("role", [role for role in Role if Right.POINT not in RIGHTS[role]])
def test_a_patient_and_who_else_does_not_point_does_not_measure(role: Role) -> None:
    room, _ = a_room_with("anna")
    paul, _ = joined(room, "paul", role=role)
    refused = [Send(paul, ErrorMessage(code=ErrorCode.NOT_ALLOWED))]
    assert says(room, paul, SetMeasurement(measurement=a_measurement("m"))) == refused
