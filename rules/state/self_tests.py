"""Test runs of a device. A danger reported during a test counts as a danger when the test ends and it was not cleared.

A test ends when its limit has passed since the first message with the flag (domain/self_tests.py): a device that
begins to burn while it is tested may never send another message.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from domain import Instant, Value


class SelfTestRun(Struct, frozen=True):
    """Arrival time of the first message with the flag, and the danger bits reported since with their event time.

    `due`: when they count. `retained`: their message was a retained one.
    """

    since: Instant
    dangers: dict[str, Instant] = field(default_factory=dict, name="said")
    due: Instant | None = None
    retained: bool = False


def current_run(test: SelfTestRun | None, now: Instant, limit_ms: int) -> SelfTestRun | None:
    """The run that a message with the flag belongs to; None when it has lasted too long to be one."""
    run = test or SelfTestRun(now)
    return run if now - run.since <= limit_ms else None


def with_withheld_dangers(
    run: SelfTestRun, dangers: frozenset[str], values: Mapping[str, Value], at: Instant, retained: bool
) -> SelfTestRun:
    """The run after one of its messages: a danger is withheld, a `false` clears it."""
    rest = without_cleared_dangers(run, dangers, values, at)
    news = {name: at for name in dangers & values.keys() if values[name] is True}
    return replace(rest, dangers={**news, **rest.dangers}, retained=retained and bool(news))


def without_cleared_dangers(
    run: SelfTestRun, dangers: frozenset[str], values: Mapping[str, Value], at: Instant
) -> SelfTestRun:
    """The run without dangers that a message clears; an older message clears nothing."""
    over = {name for name in dangers & values.keys() if values[name] is False and run.dangers.get(name, at) <= at}
    return replace(run, dangers={name: when for name, when in run.dangers.items() if name not in over})


def after_judged_message(
    run: SelfTestRun, dangers: frozenset[str], values: Mapping[str, Value], at: Instant
) -> SelfTestRun | None:
    """The run after a message that is evaluated: its own dangers are no longer withheld. None: nothing is left.

    A flag that is still set continues the run, or the test would begin anew with every message.
    """
    spoken = {name: value for name, value in values.items() if name in dangers}
    rest = without_cleared_dangers(run, dangers, dict.fromkeys(spoken, False), at)
    if rest.dangers:
        return rest
    return replace(rest, due=None) if values.get("test") is True else None
