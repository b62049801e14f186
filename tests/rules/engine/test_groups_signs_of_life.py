"""Signs of life of a household (rulebook home): restarts, repeated and late messages change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from domain import DAY, HOUR, MINUTE, Device, Finding, Person, Place, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

T0 = 1_767_196_800_000
"""2026-01-01 00:00 in Shanghai."""
HOME = community(
    places=[Place("b1", "1栋", "building"), Place("h1", "101", "household", parent="b1")],
    people=[Person("li", "李", home="h1", attributes={"lives_alone": True})],
)
DEVICES = [
    Device(name, kind, place="h1", attributes={"person": "li", **attributes})
    for name, kind, attributes in (
        ("door", "door", {}),
        ("motion", "motion", {}),
        ("band", "wristband", {"report_every": "30m"}),
        ("meter", "water_meter", {"report_every": "1h"}),
    )
]
LAST_SIGN = 2 * DAY + 10 * HOUR
"""The elder last went out two mornings before, is about at home until now, and is then heard no more."""


def reading_of(device: str, at: int, **values: Value) -> Reading:
    kind = next(one.kind for one in DEVICES if one.id == device)
    return Reading(device, kind, T0 + at, T0 + at, values)


def days_at_home() -> Iterator[Reading]:
    for at in range(0, 4 * DAY, 30 * MINUTE):
        alive = min(at, LAST_SIGN)
        yield reading_of("band", at, steps=alive // (30 * MINUTE) * 70)
        if at % HOUR == 0:
            yield reading_of("meter", at, volume_m3=300 + alive // (3 * HOUR) * 0.006)
            yield reading_of("motion", at, occupied=at <= LAST_SIGN)
        if at % (4 * HOUR) == 0:
            yield reading_of("door", at, opened=at == DAY + 8 * HOUR)


def findings(
    books: Mapping[str, Rulebook], kinds: dict[str, Kind], *, restarts: bool = False, repeated: bool = False
) -> list[str]:
    def started() -> Engine:
        return Engine([books["home"], books["water_meter"], books["wristband"]], kinds, HOME)

    engine = started()
    engine.register(DEVICES, T0)
    found: list[Finding] = []
    for number, reading in enumerate(days_at_home()):
        found += engine.feed([reading], reading.received)
        if repeated:
            found += engine.feed([reading], reading.received + 1)
        if restarts and number % 7 == 0:
            snapshot = engine.snapshot()
            engine = started()
            engine.restore(snapshot)
            engine.register(DEVICES, reading.received)
    found += engine.tick(T0 + 4 * DAY)
    return [f"{finding.rule} {finding.phase.value} {(finding.now - T0) / HOUR:.0f}h" for finding in found]


def test_an_elder_who_stays_in_is_a_finding_once_nothing_moves(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    assert findings(books, kinds) == [
        "water-no-use began 66h",
        "door-unused began 66h",
        "band-still began 70h",
        "home-welfare began 70h",
        "home-no-motion began 82h",
    ]


def test_restarts_and_repeated_messages_change_nothing(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    once = findings(books, kinds)
    assert findings(books, kinds, restarts=True) == once
    assert findings(books, kinds, repeated=True) == once


def test_messages_of_the_motion_sensor_that_come_late_are_still_signs_of_life(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine([books["home"], books["water_meter"], books["wristband"]], kinds, HOME)
    engine.register(DEVICES, T0)
    out: list[Finding] = []
    for at in range(0, DAY + HOUR, HOUR):
        if at == 20 * HOUR:
            late = [reading_of("motion", when, occupied=True) for when in range(0, at, HOUR)]
            out += engine.feed([Reading(one.device, one.kind, one.at, T0 + at, one.values) for one in late], T0 + at)
        out += engine.feed([reading_of("door", at, opened=False)], T0 + at)
    assert out == []
    assert [finding.rule for finding in engine.tick(T0 + 2 * DAY)] == ["door-unused"]
