"""What a reading changes in the state of a device: last values, histories, baselines, trends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import Instant, Quality, Reading, Value
from rules.compiled.rule import STALE_AFTER
from rules.engine.community_index import Neighbourhood
from rules.language.local_calendar import offset_ms
from rules.state.device import Seat
from rules.windows.trend import followed

CLOCK_OFFSET: Final = "clock_offset_s"
"""By how many seconds a device's clock is ahead, where it is not sane."""
_UNTIMELY: Final = frozenset({Quality.CLOCK, Quality.RETAINED})


def learn_usual(seat: Seat, neighbourhood: Neighbourhood, at: Instant, values: dict[str, Value]) -> None:
    """Teaches what is usual; the hour that is still going on counts only when it is over. What falls is followed."""
    for name in seat.plan.trends.intersection(values):
        _follow(seat, name, at, values[name])
    if not seat.plan.usual:
        return
    offset = offset_ms(at, neighbourhood.zone_of(seat.device))
    for name, counter in seat.plan.usual.items():
        value = values.get(name)
        if isinstance(value, (int, float)):
            seat.usual(name, counter).learn(at, value, offset)


def _follow(seat: Seat, quantity: str, at: Instant, value: Value) -> None:
    if isinstance(value, (int, float)):
        seat.trends = seat.trends if seat.trends is not None else {}
        seat.trends[quantity] = followed(seat.trends.get(quantity), at, value)


def believable(reading: Reading) -> dict[str, Value]:
    """The values that rules judge: what is implausible is recorded and shown, not judged. A clock that nobody doubts is
    right, so that what was found of it may end."""
    values, doubts = reading.values, reading.doubts
    if doubts:
        values = {name: value for name, value in values.items() if doubts.get(name) is not Quality.IMPLAUSIBLE}
    unsure = not reading.ahead_ms and (CLOCK_OFFSET in values or not _UNTIMELY.isdisjoint(doubts.values()))
    return values if unsure else {**values, CLOCK_OFFSET: round(reading.ahead_ms / 1000)}


def with_memory(seat: Seat, at: Instant, values: dict[str, Value], late: bool) -> Mapping[str, Value]:
    """The values, completed by what the device said shortly before of other quantities of the same rules.

    A late reading is judged by itself: what is remembered was said after it.
    """
    plan = seat.plan
    if not plan.remembered or late:
        return values
    oldest = at - STALE_AFTER.patience_ms(seat.report_every_ms)
    remembered = seat.remembered or {}
    recalled = {name: value for name, (since, value) in remembered.items() if since >= oldest}
    if len(recalled) < len(remembered):
        remembered = {name: remembered[name] for name in recalled}
    for name in plan.remembered & values.keys():
        remembered[name] = (at, values[name])
    seat.remembered = remembered
    recalled.update(values)
    return recalled


def remember_past(seat: Seat, at: Instant, values: dict[str, Value]) -> None:
    """Adds what the reading says to the past that rules ask about; yes is 1, no is 0."""
    for name, kept in seat.plan.windows.items():
        value = values.get(kept.quantity)
        if isinstance(value, (int, float)):
            seat.histories = seat.histories if seat.histories is not None else {}
            past = seat.histories.get(name)
            if past is None:
                past = seat.histories[name] = kept.history()
            past.add(at, +value)
