"""Random stories of a gateway and what hangs on it: a crash anywhere and every word twice change nothing, and no device
is missed of which nobody could be heard.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import HOUR, MINUTE, Device, Finding, FindingPhase, Reading
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

T0 = 1_767_225_600_000
NAMES = ["d-0", "d-1", "d-2", "d-3"]
DEVICES = [
    Device("gw", "gateway"),
    *(Device(name, "door", attributes={"gateway": "gw", "report_every": "10m"}) for name in NAMES),
]
Story = list[tuple[int, str, str]]
stories = st.lists(
    st.tuples(
        st.sampled_from([1, 5, 9, 30, 60]),
        st.sampled_from(["gw", *NAMES]),
        st.sampled_from(["speaks", "speaks", "speaks", "gone", "back"]),
    ),
    max_size=40,
)


def engine_of(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    engine = Engine([books["device"]], kinds, community())
    engine.register(DEVICES, T0)
    return engine


def happens(engine: Engine, at: int, name: str, what: str) -> list[Finding]:
    if what == "gone":
        return engine.mark_offline([name], at)
    if what == "back" or name == "gw":
        return engine.record_alive([name], at)
    return engine.feed([Reading(name, "door", at, at, {"opened": False})], at)


@settings(max_examples=25, deadline=None)
@given(story=stories)
def test_a_crash_anywhere_and_every_word_twice_change_nothing(
    books: dict[str, Rulebook], kinds: dict[str, Kind], story: Story
) -> None:
    steady, crashing, one, other, now = engine_of(books, kinds), engine_of(books, kinds), list[Finding](), [], T0
    for minutes, name, what in story:
        now += minutes * MINUTE
        one += happens(steady, now, name, what)
        snapshot, crashing = crashing.snapshot(), Engine([books["device"]], kinds, community())
        crashing.restore(snapshot)
        crashing.register(reversed(DEVICES), now)
        other += happens(crashing, now, name, what)
        other += happens(crashing, now, name, what)
    assert [*one, *steady.tick(now + 12 * HOUR)] == [*other, *crashing.tick(now + 12 * HOUR)]


@settings(max_examples=25, deadline=None)
@given(story=stories)
def test_no_device_is_missed_while_its_gateway_is_told_to_be_away_and_each_tale_ends_before_the_next(
    books: dict[str, Rulebook], kinds: dict[str, Kind], story: Story
) -> None:
    engine, told, now = engine_of(books, kinds), list[Finding](), T0
    for minutes, name, what in story:
        now += minutes * MINUTE
        told += happens(engine, now, name, what)
    told += engine.tick(now + 12 * HOUR)
    away = False
    for finding in told:
        if finding.rule == "gateway-offline":
            assert (finding.phase is FindingPhase.BEGAN) is not away
            away = finding.phase is FindingPhase.BEGAN
        elif finding.rule == "device-offline":
            assert not (away and finding.phase is FindingPhase.BEGAN)
    # Everybody is silent in the end, and somebody knows it.
    assert away or {"d-0", "d-1", "d-2", "d-3"} <= {one.device for one in told}
