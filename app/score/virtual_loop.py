"""An event loop on virtual time: instead of waiting for a timer it advances its clock to it.

Work for threads runs at once, in the loop: the order of everything depends on the program only, never on the machine.
There is no input and output but files; a network would never answer.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from domain import SECOND, Instant

T = TypeVar("T")

_RESOLUTION_S: Final = 1e-6


class NothingScheduled(RuntimeError):
    """Every task waits for something that no timer brings about."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """`clock()` is `start` plus the time that was slept through."""

    def __init__(self, start: Instant) -> None:
        self.start, self._elapsed_s = start, 0.0
        super().__init__(_TimeSelector(self._advance))
        self._clock_resolution = _RESOLUTION_S

    def time(self) -> float:
        """Virtual seconds since the start."""
        return self._elapsed_s

    def clock(self) -> Instant:
        """The present instant."""
        return self.start + round(self._elapsed_s * SECOND)

    async def sleep_until(self, at: Instant) -> None:
        """Return at this instant, at once when it is past."""
        await asyncio.sleep(max(at - self.clock(), 0) / SECOND)

    def run_in_executor(self, _executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """Run it now; the future is done when this returns."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 (raised where the future is awaited, as an executor does)
            future.set_exception(error)
        return future

    def _advance(self, seconds: float | None) -> None:
        if seconds is None:
            raise NothingScheduled("every task waits, and no timer is set")
        self._elapsed_s += seconds


class _TimeSelector(selectors.SelectSelector):
    """Reports no events; waiting advances the time."""

    def __init__(self, advance: Callable[[float | None], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self._advance(timeout)
        return []


def run_virtually(start: Instant, main: Callable[[VirtualLoop], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine on virtual time; tasks that are left are cancelled."""
    loop = VirtualLoop(start)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(loop))
