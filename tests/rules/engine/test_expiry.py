"""What people wrote about a device's life: told in time, kept over a restart, ended by the day of the new one."""

from __future__ import annotations

from domain import DAY, Attribute, Device, Evidence, Finding
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

Books = dict[str, Rulebook]
Kinds = dict[str, Kind]
T0 = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""


def engine_of(books: Books, kinds: Kinds) -> Engine:
    return Engine([books["gas"]], kinds, community())


def alarm(**written: Attribute) -> Device:
    return Device("gas-1", "gas_alarm", attributes=dict(written))


def words(findings: list[Finding]) -> list[tuple[str, str, int]]:
    return [(finding.rule, finding.phase.value, (finding.now - T0) // DAY) for finding in findings]


def test_it_is_told_once_with_what_was_written_and_kept_over_a_restart(books: Books, kinds: Kinds) -> None:
    engine, device = engine_of(books, kinds), alarm(expires_on="2026-02-10", installed_on="2021-02-11")
    engine.register([device], T0)
    restored = engine_of(books, kinds)
    restored.restore(engine.snapshot())
    restored.register([device], T0)
    (finding,) = restored.tick(T0 + 30 * DAY)
    assert words([finding]) == [("gas-end-of-life", "began", 10)]
    assert finding.evidence == (
        Evidence("expires_on", "2026-02-10", at=finding.now), Evidence("installed_on", "2021-02-11", at=finding.now),
    )  # fmt: skip
    third = engine_of(books, kinds)
    third.restore(restored.snapshot())
    assert third.register([device], T0 + 31 * DAY) == []
    assert third.tick(T0 + 60 * DAY) == []


def test_the_day_of_the_new_one_ends_it_and_begins_its_own_time(books: Books, kinds: Kinds) -> None:
    engine = engine_of(books, kinds)
    engine.register([alarm(expires_on="2026-01-01")], T0)
    assert words(engine.tick(T0 + DAY)) == [("gas-end-of-life", "began", 0)]
    assert words(engine.register([alarm(expires_on="2026-04-11")], T0 + 2 * DAY)) == [("gas-end-of-life", "ended", 2)]
    assert words(engine.tick(T0 + 365 * DAY)) == [("gas-end-of-life", "began", 70)]
    assert words(engine.register([alarm()], T0 + 366 * DAY)) == [("gas-end-of-life", "ended", 366)]


def test_it_is_told_of_a_device_nobody_can_hear_too(books: Books, kinds: Kinds) -> None:
    engine = engine_of(books, kinds)
    engine.register([alarm(expires_on="2026-02-10", gateway="gw")], T0)
    engine.mark_offline(["gw"], T0 + 1)
    assert words(engine.tick(T0 + 30 * DAY)) == [("gas-end-of-life", "began", 10)]
