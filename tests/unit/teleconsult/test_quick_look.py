"""One look for those who ask the same before anybody looks, and one of their own for those who ask later."""

import asyncio
import threading

import pytest

from teleconsult.quick_look import AT_ONCE, SharedLooks, quick_look


class Counted:
    """A look that counts, and that may be held up in its middle."""

    def __init__(self) -> None:
        self.begun, self.may_end = 0, threading.Event()

    def look(self) -> int:
        self.begun += 1
        number = self.begun
        assert self.may_end.wait(30)
        return number


async def with_all_threads_busy(until: threading.Event) -> list[asyncio.Task[bool]]:
    busy = [asyncio.create_task(quick_look(until.wait, 30)) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)
    return busy


def test_those_who_ask_before_it_begins_share_a_look() -> None:
    async def all_ask() -> tuple[list[int], int]:
        free, seen = threading.Event(), Counted()
        busy = await with_all_threads_busy(free)
        seen.may_end.set()
        looks: SharedLooks[int] = SharedLooks()
        asking = [asyncio.create_task(looks.ask("who", seen.look)) for _ in range(6)]
        other = asyncio.create_task(looks.ask("somebody else", seen.look))
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(*busy, other)
        return list(await asyncio.gather(*asking)), seen.begun

    said, begun = asyncio.run(all_ask())
    assert len(set(said)) == 1
    assert begun == 2


def test_who_asks_after_it_began_learns_what_holds_then() -> None:
    async def ask_twice() -> list[int]:
        seen, looks = Counted(), SharedLooks[int]()
        first = asyncio.create_task(looks.ask("who", seen.look))
        while not seen.begun:
            await asyncio.sleep(0)
        second = asyncio.create_task(looks.ask("who", seen.look))
        await asyncio.sleep(0)
        seen.may_end.set()
        return list(await asyncio.gather(first, second))

    assert asyncio.run(ask_twice()) == [1, 2]


def test_an_error_reaches_all_and_the_next_look_is_a_new_one() -> None:
    async def ask() -> list[object]:
        looks, free = SharedLooks[int](), threading.Event()
        busy = await with_all_threads_busy(free)
        asking = [asyncio.create_task(looks.ask("who", int, "nobody")) for _ in range(2)]
        await asyncio.sleep(0)
        free.set()
        said: list[object] = list(await asyncio.gather(*asking, return_exceptions=True))
        await asyncio.gather(*busy)
        return [*said, await looks.ask("who", int, "3")]

    *refused, then = asyncio.run(ask())
    assert [type(one) for one in refused] == [ValueError, ValueError]
    assert then == 3


def test_one_who_leaves_takes_the_look_from_nobody() -> None:
    async def leave() -> int:
        seen, looks = Counted(), SharedLooks[int]()
        free = threading.Event()
        busy = await with_all_threads_busy(free)
        leaving, staying = (asyncio.create_task(looks.ask("who", seen.look)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        free.set()
        seen.may_end.set()
        await asyncio.gather(*busy)
        return await staying

    assert asyncio.run(leave()) == 1
