"""A cover that is opened for registered maintenance calls no one; one that is opened without does."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.score.maintenance import Registration, registrations
from app.score.matching import Status
from app.score.run import simulate
from app.score.settings import START, Settings, World
from domain import DAY, HOUR, MINUTE, SECOND, Cell, Device, Duty, Person, Place
from simulators.events import Incident, Measurement, TimedEvent
from simulators.town.town import Period, Town

PLACES = (Place("yard", "枫林苑", "compound", cell="g1"), Place("m1", "1号井位", "spot", "yard"))
CELLS = (Cell("c1", "枫树社区", "community"), Cell("g1", "第一网格", "grid", "c1"))
PEOPLE = (Person("li", "李伟", "13900000001"), Person("chen", "陈芳", "13900000002"))
DUTIES = (Duty("1", "g1", "worker", "li"), Duty("2", "c1", "community", "chen"))
TOWN = Town(
    "tiny", 1, "Asia/Shanghai", PLACES, CELLS, PEOPLE, DUTIES, (Device("manhole-1", "manhole", place="m1"),), ()
)
CLOSED = {"opened": False, "tilt_deg": 0.4, "water_level_mm": 40, "flooded": False, "vibration": False}


def opening(kind: str, begin: int, notify_within: int | None) -> Incident:
    notify_by = None if notify_within is None else begin + notify_within
    return Incident(kind, kind, "开盖", "manhole", begin, begin + HOUR, ("manhole-1",), notify_by)


INCIDENTS = (
    opening("planned_maintenance", START + 10 * HOUR, None),
    opening("cover_displaced", START + 14 * HOUR, 2 * MINUTE),
)


class Cover:
    """One manhole whose cover is opened twice."""

    kinds = frozenset({"manhole"})

    def incidents(self, _town: Town, _period: Period, _seed: int, _per_week: float) -> Sequence[Incident]:
        return INCIDENTS

    def events(self, _town: Town, incidents: Sequence[Incident], period: Period, _seed: int) -> Iterator[TimedEvent]:
        events = [TimedEvent(at, Measurement("manhole-1", CLOSED)) for at in range(period.start, period.end, 6 * HOUR)]
        for incident in incidents:
            opened = {**CLOSED, "opened": True, "tilt_deg": 90.0}
            events.append(TimedEvent(incident.begin + 4 * SECOND, Measurement("manhole-1", opened, urgent=True)))
            events.append(TimedEvent(incident.end + 4 * SECOND, Measurement("manhole-1", CLOSED, urgent=True)))
        yield from sorted(events, key=lambda timed: timed.at)


def test_only_the_opening_that_was_not_registered_is_notified(tmp_path: Path) -> None:
    result = simulate(Settings(days=1, seed=1), tmp_path / "run", build=lambda _settings, _data: World(TOWN, [Cover()]))
    statuses = {outcome.incident.kind: outcome.status for outcome in result.matches.outcomes}
    assert statuses == {"planned_maintenance": Status.NUISANCE_QUIET, "cover_displaced": Status.IN_TIME}


def test_maintenance_is_registered_before_it_begins_and_until_it_is_over() -> None:
    begin = START + 10 * HOUR
    assert registrations(INCIDENTS, Period(START, START + DAY)) == [
        Registration(begin - 15 * MINUTE, "manhole-1", under_works=True),
        Registration(begin + HOUR + 5 * MINUTE, "manhole-1", under_works=False),
    ]
    assert registrations(INCIDENTS, Period(START + DAY, START + 2 * DAY)) == []
