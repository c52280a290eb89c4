"""What waits for one participant."""

import pytest

from signaling.messages import Left, Message, Pointer, PointerMoved, Resumed
from signaling.outbox import Outbox, OutboxFull, TooMuchMissed


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


ANSWER = Resumed(received=0, ice_servers=())


def an_outbox_that_sent(*messages: Message, sent_kept: int = 128) -> Outbox:
    outbox = Outbox(sent_kept=sent_kept)
    for message in messages:
        outbox.put(message)
    everything(outbox)
    return outbox


def test_what_was_missed_comes_before_what_waits_and_nothing_twice() -> None:
    first, second, third = (Left(participant_id=str(n)) for n in range(3))
    outbox = an_outbox_that_sent(first, second)
    outbox.put(third)
    outbox.resume(1, ANSWER)
    assert everything(outbox) == [ANSWER, second, third]
    outbox.resume(4, ANSWER)
    assert everything(outbox) == [ANSWER]


def test_a_resumption_that_was_itself_lost_is_repeated_with_the_new_answer_only() -> None:
    outbox = an_outbox_that_sent(Left(participant_id="0"))
    outbox.resume(0, ANSWER)
    everything(outbox)
    outbox.resume(0, Resumed(received=7, ice_servers=()))
    assert everything(outbox) == [Resumed(received=7, ice_servers=()), Left(participant_id="0")]


def test_a_missed_pointer_gives_way_to_the_one_that_waits() -> None:
    outbox = an_outbox_that_sent(a_pointer("anna", 1), Left(participant_id="anna"))
    outbox.put(a_pointer("anna", 2))
    outbox.resume(0, ANSWER)
    assert everything(outbox) == [ANSWER, Left(participant_id="anna"), a_pointer("anna", 2)]


def test_who_missed_more_than_is_kept_cannot_go_on() -> None:
    messages = [Left(participant_id=str(n)) for n in range(4)]
    for received, goes_on in ((0, False), (1, False), (2, True), (4, True), (5, False)):
        outbox = an_outbox_that_sent(*messages, sent_kept=2)
        if goes_on:
            outbox.resume(received, ANSWER)
            assert everything(outbox) == [ANSWER, *messages[received:]]
        else:
            with pytest.raises(TooMuchMissed):
                outbox.resume(received, ANSWER)
