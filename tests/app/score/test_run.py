"""A town of two kitchens, run for two days through the whole service on virtual time."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from app.errors import UserError
from app.score.faults_each import changes_of_fault, differences
from app.score.matching import Status
from app.score.report.page import render
from app.score.report.terminal import comparison, lines
from app.score.run import START, Result, Settings, World, fault_names, simulate
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
        events.append(TimedEvent(START + HOUR, CitizenReport("yard", "other", "楼道堆物")))
        yield from sorted((one for one in events if period.start <= one.at < period.end), key=lambda one: one.at)


def tiny(_settings: Settings, _data: Path) -> World:
    return World(TOWN, [Kitchens()])


SETTINGS = Settings(days=2, seed=7)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return simulate(SETTINGS, tmp_path_factory.mktemp("score") / "run", build=tiny)


def test_people_are_notified_of_dangers_and_the_score_says_of_which(result: Result):
    found = {outcome.incident.id: outcome for outcome in result.matches.outcomes}
    assert {id_: one.status for id_, one in found.items()} == {
        "evening": Status.IN_TIME,
        "noon": Status.IN_TIME,
        "boil-over": Status.NUISANCE_NOTIFIED,
        "unheard": Status.MISSED,
    }
    assert result.figures.life_safety_recall == 0.6667
    assert found["noon"].text is not None
    assert "【" in found["noon"].text.text
    assert "燃气泄漏" in found["noon"].text.text
    kinds = {text.kind for text in result.texts}
    assert {"alert", "owned", "arrived", "disposition"} <= kinds, "the worker took it, arrived and dealt with it"


def test_a_miss_is_explained_by_what_its_rules_say(result: Result):
    (explanation,) = result.explanations
    assert explanation.incident == "unheard"
    assert any(rule["rule"] == "gas-alarm" and rule["phase"] == "quiet" for rule in explanation.rules)


def test_an_interrupted_run_continues_and_gives_the_same_score_byte_for_byte(result: Result, tmp_path: Path):
    class Interrupted(Exception):
        pass

    def interrupt(done: int, _whole: int) -> None:
        if done > DAY + 6 * HOUR:
            raise Interrupted

    with pytest.raises(Interrupted):
        simulate(SETTINGS, tmp_path / "run", interrupt, build=tiny)
    continued = simulate(SETTINGS, tmp_path / "run", build=tiny)
    assert msgspec.json.encode(continued) == msgspec.json.encode(result)


def test_a_folder_with_another_run_or_with_other_files_is_refused(tmp_path: Path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "letter.txt").write_text("keep me")
    with pytest.raises(UserError, match="holds no run"):
        simulate(SETTINGS, tmp_path / "run", build=tiny)
    (tmp_path / "run" / "run.json").write_text("{}")
    with pytest.raises(UserError, match="another run"):
        simulate(SETTINGS, tmp_path / "run", build=tiny)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_score_in_a_terminal_and_as_a_page(result: Result, language: str):
    text = "\n".join(lines(result, language))
    assert ("漏报" if language == "zh" else "missed") in text
    assert "gas-alarm gas-402" in text, "the explanation of the miss"
    page = render(result, language)
    assert page.count("<svg") == 2
    assert "http" not in page.replace("http-equiv", ""), "nothing comes from elsewhere"
    assert "gas-alarm gas-402" in page


def test_a_fault_is_listed_with_what_it_changed_and_why_it_may(result: Result):
    assert differences(result, result) == []
    evening, *others = result.matches.outcomes
    assert evening.text is not None
    late = replace(evening, text=replace(evening.text, at=evening.text.at + 2 * MINUTE))
    changed = replace(result, matches=replace(result.matches, outcomes=(late, *others), alerts=()))
    first, delay, gone, *_ = changes_of_fault("duplicate", result, changed, "en")
    assert first.startswith("duplicate: ")
    assert "evening: " in delay
    assert gone.startswith("  - ")
    assert next(comparison(result.figures, changed.figures, "en", "other")) == "compared with other:"


def test_names_of_faults_are_checked():
    assert fault_names("none") == ()
    assert fault_names("duplicate, late") == ("late", "duplicate")
    assert "provider_down" in fault_names("all")
    with pytest.raises(UserError, match="duplicate"):
        fault_names("duplicat")
