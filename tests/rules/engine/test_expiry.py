"""Expiry dates of devices: reported in time, kept over a restart, ended by a new date."""

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


def finding_days(findings: list[Finding]) -> list[tuple[str, str, int]]:
    return [(finding.rule, finding.phase.value, (finding.now - T0) // DAY) for finding in findings]


def test_an_expiry_is_reported_once_with_its_dates_and_kept_over_a_restart(books: Books, kinds: Kinds) -> None:
    engine, device = engine_of(books, kinds), alarm(expires_on="2026-02-10", installed_on="2021-02-11")
    engine.register([device], T0)
    restored = engine_of(books, kinds)
    restored.restore(engine.snapshot())
    restored.register([device], T0)
    (finding,) = restored.tick(T0 + 30 * DAY)
    assert finding_days([finding]) == [("gas-end-of-life", "began", 10)]
    assert finding.evidence == (
        Evidence("expires_on", "2026-02-10", at=finding.now), Evidence("installed_on", "2021-02-11", at=finding.now),
    )  # fmt: skip
    restored_again = engine_of(books, kinds)
    restored_again.restore(restored.snapshot())
    assert restored_again.register([device], T0 + 31 * DAY) == []
    assert restored_again.tick(T0 + 60 * DAY) == []


def test_a_new_expiry_date_ends_the_finding_and_counts_from_then_on(books: Books, kinds: Kinds) -> None:
    engine = engine_of(books, kinds)
    engine.register([alarm(expires_on="2026-01-01")], T0)
    assert finding_days(engine.tick(T0 + DAY)) == [("gas-end-of-life", "began", 0)]
    assert finding_days(engine.register([alarm(expires_on="2026-04-11")], T0 + 2 * DAY)) == [
        ("gas-end-of-life", "ended", 2)
    ]
    assert finding_days(engine.tick(T0 + 365 * DAY)) == [("gas-end-of-life", "began", 70)]
    assert finding_days(engine.register([alarm()], T0 + 366 * DAY)) == [("gas-end-of-life", "ended", 366)]


def test_an_expiry_is_also_reported_of_an_offline_device(books: Books, kinds: Kinds) -> None:
    engine = engine_of(books, kinds)
    engine.register([alarm(expires_on="2026-02-10", gateway="gw")], T0)
    engine.mark_offline(["gw"], T0 + 1)
    assert finding_days(engine.tick(T0 + 30 * DAY)) == [("gas-end-of-life", "began", 10)]
