"""A town of two kitchens, for tests of the score."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from app.score.settings import START, Settings, World
from domain import DAY, HOUR, MINUTE, SECOND, Cell, Device, Duty, Person, Place
from simulators.events import CitizenReport, Incident, Measurement, TimedEvent
from simulators.town.town import Period, Town

PLACES = (
    Place("yard", "枫林苑", "compound", cell="g1"),
    Place("b3", "3栋", "building", "yard"),
    Place("h402", "402", "household", "b3"),
    Place("h403", "403", "household", "b3"),
)
CELLS = (Cell("c1", "枫树社区", "community"), Cell("g1", "第一网格", "grid", "c1"))
PEOPLE = (
    Person("li", "李伟", "13900000001"),
    Person("chen", "陈芳", "13900000002"),
    Person("zhao", "赵敏", "13900000003"),
)
DUTIES = (Duty("1", "g1", "worker", "li"), Duty("2", "g1", "lead", "chen"), Duty("3", "c1", "community", "zhao"))
DEVICES = (Device("gas-402", "gas_alarm", place="h402"), Device("gas-403", "gas_alarm", place="h403"))
TOWN = Town("tiny", 1, "Asia/Shanghai", PLACES, CELLS, PEOPLE, DUTIES, DEVICES, ())
QUIET = {"alarm": False, "lel_pct": 0.4, "fault": False}


class Kitchens:
    """An alarm each day, one shortly before midnight; a boil-over; and a report by a resident."""

    kinds = frozenset({"gas_alarm"})

    def incidents(self, _town: Town, _period: Period, _seed: int, _per_week: float) -> Sequence[Incident]:
        def leak(id_: str, after: int, device: str, notify_within: int | None) -> Incident:
            begin = START + after
            notify_by = None if notify_within is None else begin + notify_within
            end = begin + 15 * MINUTE
            return Incident(id_, "leak", "漏气", "gas", begin, end, (device,), notify_by, life_safety=True)

        return [
            leak("evening", DAY - 5 * MINUTE, "gas-402", 3 * MINUTE),
            leak("noon", DAY + 12 * HOUR, "gas-403", 3 * MINUTE),
            leak("boil-over", DAY + 15 * HOUR, "gas-403", None),
            leak("unheard", DAY + 20 * HOUR, "gas-402", 3 * MINUTE),
        ]

    def events(self, town: Town, incidents: Sequence[Incident], period: Period, _seed: int) -> Iterator[TimedEvent]:
        events = [
            TimedEvent(at, Measurement(device.id, QUIET))
            for device in town.devices
            for at in range(period.start + 7 * MINUTE, period.end, 4 * HOUR)
        ]
        for incident in incidents:
            if incident.id != "unheard":
                on = Measurement(incident.devices[0], {**QUIET, "alarm": True}, urgent=True)
                off = Measurement(incident.devices[0], QUIET, urgent=True)
                events += [TimedEvent(incident.begin + 20 * SECOND, on), TimedEvent(incident.end, off)]
        events.append(TimedEvent(START + HOUR, CitizenReport("yard", "other", "楼道堆物", photos=1)))
        yield from sorted((one for one in events if period.start <= one.at < period.end), key=lambda one: one.at)


def tiny(_settings: Settings, _data: Path) -> World:
    return World(TOWN, [Kitchens()])
