"""A history that stores nothing: a score reads what people were told, and a week has hundreds of millions of values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from domain import Instant, Lane, Reading
from store.history import Point, Rollup, ServerStatus


class UnstoredHistory:
    """Accepts everything and has nothing (store.history.History). `received` is called with what was evaluated."""

    def __init__(self, received: Callable[[Sequence[Reading]], None] = lambda _readings: None) -> None:
        self._received = received

    def append(self, _lane: Lane, _pos: int, readings: Sequence[Reading]) -> bool:
        self._received(readings)
        return True

    async def flush(self) -> None: ...

    def position(self) -> dict[Lane, int]:
        return {}

    async def series(
        self,
        _device: str,
        _quantity: str | None,
        _start: Instant,
        _end: Instant,
        _step_ms: int | None = None,
        _limit: int = 1000,
        _after: str | None = None,
    ) -> list[Point]:
        return []

    async def rollups(
        self, _device: str, _quantity: str | None, _start: Instant, _end: Instant, _step_ms: int
    ) -> list[Rollup]:
        return []

    async def latest(self, _device: str) -> list[Point]:
        return []

    def sorted_replay(self, _start: Instant, _end: Instant, _devices: Sequence[str] | None = None) -> Iterator[Reading]:
        return iter(())

    async def roll_up(self, _now: Instant) -> None: ...

    async def delete_expired(self, _now: Instant, _raw_days: int, _minute_days: int, _hour_days: int) -> None: ...

    def server_status(self) -> ServerStatus | None:
        return None

    async def close(self) -> None: ...
