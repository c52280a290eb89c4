"""What waits for one participant."""

import pytest

from signaling.messages import Left, Message, Pointer, PointerMoved
from signaling.outbox import Outbox, OutboxFull


def a_pointer(name: str, x: float) -> PointerMoved:
    return PointerMoved(participant_id=name, pointer=Pointer(sop_instance_uid="1.2", x=x, y=0))


def everything(outbox: Outbox) -> list[Message]:
    taken = []
    while (message := outbox.take()) is not None:
        taken.append(message)
    return taken


def test_messages_leave_in_order() -> None:
    outbox = Outbox()
    messages = [Left(participant_id=str(n)) for n in range(5)]
    for message in messages:
        outbox.put(message)
    assert everything(outbox) == messages


def test_of_each_pointer_only_the_latest_waits() -> None:
    outbox = Outbox()
    for x in range(1_000):
        outbox.put(a_pointer("anna", x))
        outbox.put(a_pointer("ben", -x))
    assert everything(outbox) == [a_pointer("anna", 999), a_pointer("ben", -999)]
    assert outbox.dropped_pointers == 2 * 999


def test_nothing_else_is_dropped_silently() -> None:
    outbox = Outbox(capacity=3)
    for n in range(3):
        outbox.put(Left(participant_id=str(n)))
    with pytest.raises(OutboxFull):
        outbox.put(Left(participant_id="3"))
