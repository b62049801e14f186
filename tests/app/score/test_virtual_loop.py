import asyncio

import pytest

from app.score.virtual_loop import NothingScheduled, VirtualLoop, run_virtually

START = 1_795_269_600_000
DAY_S = 86_400.0


def test_a_day_is_slept_through_at_once_and_the_clock_shows_it():
    async def main(loop: VirtualLoop) -> int:
        await asyncio.sleep(DAY_S)
        await loop.sleep_until(START + 90_000_500)
        await loop.sleep_until(START)  # past: at once
        return loop.clock()

    assert run_virtually(START, main) == START + 90_000_500


def test_timers_fire_in_the_order_of_their_times_and_timeouts_expire():
    async def main(loop: VirtualLoop) -> list[str]:
        seen: list[str] = []

        async def note(after_s: float, what: str) -> None:
            await asyncio.sleep(after_s)
            seen.append(f"{what} {loop.clock() - START}")

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3.0):
                await asyncio.gather(note(2.0, "second"), note(1.0, "first"), note(9.0, "never"))
        return seen

    assert run_virtually(START, main) == ["first 1000", "second 2000"]


def test_work_for_threads_runs_in_the_loop_and_its_exception_is_raised():
    def fail() -> None:
        raise ValueError("of the work")

    async def main(_loop: VirtualLoop) -> int:
        with pytest.raises(ValueError, match="of the work"):
            await asyncio.to_thread(fail)
        return await asyncio.to_thread(int, "7")

    assert run_virtually(START, main) == 7


def test_waiting_for_what_no_timer_brings_about_is_an_error():
    async def main(_loop: VirtualLoop) -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingScheduled):
        run_virtually(START, main)
