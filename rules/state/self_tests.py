"""What a device says under test. A danger bit among it is a danger when the test is over and nobody took it back.

A test is over when its limit has passed since the first message that bore the flag (domain/self_tests.py): a device
that begins to burn while it is tested may never send another message.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from domain import Instant, Value


class UnderTest(Struct, frozen=True):
    """Since when (arrival) it says that it is tested, and the danger bits said meanwhile with their event time.

    `due`: when they are told. `retained`: their message was a retained one.
    """

    since: Instant
    said: dict[str, Instant] = {}
    due: Instant | None = None
    retained: bool = False


def under_test(test: UnderTest | None, now: Instant, limit_ms: int) -> UnderTest | None:
    """The run that a message with the flag belongs to; None when it has lasted too long to be one."""
    run = test or UnderTest(now)
    return run if now - run.since <= limit_ms else None


def withheld(
    run: UnderTest, dangers: frozenset[str], values: Mapping[str, Value], at: Instant, retained: bool
) -> UnderTest:
    """The run with what its message says: a danger is kept, a `false` takes it back."""
    rest = taken_back(run, dangers, values, at)
    news = {name: at for name in dangers & values.keys() if values[name] is True}
    return replace(rest, said={**news, **rest.said}, retained=retained and bool(news))


def taken_back(run: UnderTest, dangers: frozenset[str], values: Mapping[str, Value], at: Instant) -> UnderTest:
    """The run without the dangers that a message says are over; an older message takes back nothing."""
    over = {name for name in dangers & values.keys() if values[name] is False and run.said.get(name, at) <= at}
    return replace(run, said={name: when for name, when in run.said.items() if name not in over})


def told_itself(run: UnderTest, dangers: frozenset[str], values: Mapping[str, Value], at: Instant) -> UnderTest | None:
    """The run after a message that is judged: what that says of a danger is told by it. None: nothing is left.

    A flag that still stands goes on with the run, or the test would begin anew with every message.
    """
    spoken = {name: value for name, value in values.items() if name in dangers}
    rest = taken_back(run, dangers, dict.fromkeys(spoken, False), at)
    if rest.said:
        return rest
    return replace(rest, due=None) if values.get("test") is True else None
