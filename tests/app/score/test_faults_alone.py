"""Each fault alone, in the whole service: what people are notified of differs from a run without faults only where the
fault explains it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec import structs

from app.score.faults_each import differences, each_fault, unexplained
from app.score.matching import Status
from app.score.run import Result, simulate
from app.score.settings import START, Settings, World
from domain import HOUR, MINUTE, SECOND, Device
from simulators.events import Incident, Measurement, TimedEvent
from simulators.faults.catalog import FAULTS
from simulators.faults.fault import Change
from simulators.town.town import Period, Town
from tests.support.two_kitchens import DEVICES, QUIET
from tests.support.two_kitchens import TOWN as TWO_KITCHENS

BOOKS = Path(__file__).parents[3] / "rules" / "books"
GATEWAY = Device("gw-1", "gateway", place="b3")
TOWN = structs.replace(
    TWO_KITCHENS, devices=(*(structs.replace(one, attributes={"gateway": GATEWAY.id}) for one in DEVICES), GATEWAY)
)
KITCHENS = Settings(seed=7, intensity=100_000)
"""Every fault of devices acts on all it may act on: two alarms would escape a share."""
OF_PEOPLE = 4
"""The intensity of faults of people: of the answers three in five are late, one in five wrong, one in three missing."""
QUICK = ("malformed", "duplicate", "flapping", "workers_late", "workers_wrong", "workers_silent")
"""Each takes about a second of processor time; the others are tried by `make test-thorough`."""
SMALL = Settings("small", seed=1, days=1, intensity=20)


class OneDay:
    """A leak in one kitchen, and alarms from cooking in both."""

    kinds = frozenset({"gas_alarm"})

    def incidents(self, _town: Town, _period: Period, _seed: int, _per_week: float) -> Sequence[Incident]:
        def alarm(id_: str, begin: int, device: str, notify_within: int | None) -> Incident:
            notify_by = None if notify_within is None else begin + notify_within
            end = begin + 15 * MINUTE
            return Incident(
                id_, id_, "漏气", "gas", begin, end, (device,), notify_by, life_safety=notify_by is not None
            )

        return [
            alarm("leak", START + 9 * HOUR, "gas-402", 3 * MINUTE),
            alarm("boil-over", START + 15 * HOUR, "gas-403", None),
        ]

    def events(self, town: Town, incidents: Sequence[Incident], period: Period, _seed: int) -> Iterator[TimedEvent]:
        events = [
            TimedEvent(at, Measurement(device.id, QUIET))
            for device in town.devices
            if device.kind == "gas_alarm"
            for at in range(period.start + 7 * MINUTE, period.end, 4 * HOUR)
        ]
        for incident in incidents:
            on = Measurement(incident.devices[0], {**QUIET, "alarm": True}, urgent=True)
            events.append(TimedEvent(incident.begin + 20 * SECOND, on))
            events.append(TimedEvent(incident.end, Measurement(incident.devices[0], QUIET, urgent=True)))
        yield from sorted(events, key=lambda one: one.at)


def one_day(_settings: Settings, _data: Path) -> World:
    return World(TOWN, [OneDay()])


def run_of(data: Path, fault: str = "", site: str = "") -> Result:
    intensity = KITCHENS.intensity if fault in FAULTS else OF_PEOPLE
    faults = (fault,) if fault else ()
    return simulate(structs.replace(KITCHENS, faults=faults, intensity=intensity, site=site), data, build=one_day)


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return run_of(tmp_path_factory.mktemp("kitchens") / "run")


def assert_explained(fault: str, without: Result, result: Result) -> None:
    strange = unexplained(fault, differences(without, result), result)
    assert [one.text for one in strange] == [], fault


def test_without_faults_people_are_notified_of_the_leak_in_time_and_of_the_cooking_too(without: Result) -> None:
    assert {outcome.incident.id: outcome.status for outcome in without.matches.outcomes} == {
        "leak": Status.IN_TIME,
        "boil-over": Status.NUISANCE_NOTIFIED,
    }


@pytest.mark.parametrize("fault", QUICK)
def test_in_two_kitchens_no_fault_changes_what_it_does_not_explain(fault: str, without: Result, tmp_path: Path) -> None:
    result = run_of(tmp_path / "run", fault)
    assert result.effects if fault in FAULTS else result.texts != without.texts, "it did not act: this shows nothing"
    assert_explained(fault, without, result)
    if fault == "flapping":
        found = differences(without, result)
        assert [one.change for one in found] == [Change.MORE_FALSE]
        assert unexplained("workers_silent", found, result) == found, "another fault would not explain it"


@pytest.mark.thorough
@pytest.mark.parametrize("fault", [fault for fault in each_fault() if fault not in QUICK])
def test_nor_does_any_other(fault: str, without: Result, tmp_path: Path) -> None:
    assert_explained(fault, without, run_of(tmp_path / "run", fault))


@pytest.mark.thorough
def test_a_rule_that_tells_later_is_a_change_that_no_fault_of_people_explains(without: Result, tmp_path: Path) -> None:
    rules = tmp_path / "site" / "rules"
    rules.mkdir(parents=True)
    book = (BOOKS / "gas.yaml").read_text("utf-8")
    slow = book.replace("  when: alarm\n", "  when: alarm\n  hold: 4m\n", 1)
    assert slow != book
    (rules / "gas.yaml").write_text(slow, "utf-8")
    late = run_of(tmp_path / "run", site=str(tmp_path / "site"))
    found = differences(without, late)
    assert [one.change for one in found] == [Change.MISSED], "late by a minute: after its deadline"
    assert unexplained("workers_late", found, late) == found
    assert unexplained("late", found, late) == found, "that fault acted on no device here"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return simulate(SMALL, tmp_path_factory.mktemp("small") / "run")


@pytest.mark.thorough
@pytest.mark.parametrize("fault", each_fault())
def test_in_the_small_town_no_fault_changes_what_it_does_not_explain(fault: str, small: Result, tmp_path: Path) -> None:
    assert_explained(fault, small, simulate(structs.replace(SMALL, faults=(fault,)), tmp_path / "run"))
