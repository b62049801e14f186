"""The past judged again: in pieces or at once the same, counted by rule and hour; and how two books differ."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from domain import HOUR, MINUTE, Device, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.backtest import as_difference, as_lines, difference, needed, tallies
from rules.engine import Engine
from rules.hosts.replay import Deaf, Heard, play, story
from rules.rulebook import Rulebook
from rules.scope import DEFAULT_ZONE

T0 = 1_767_225_600_000  # 08:00 in Shanghai
SMOKE: dict[str, Any] = {
    "name": "smoke", "title": {"zh": "烟", "en": "x"}, "kind": "smoke_alarm", "severity": "high", "when": "alarm",
    "source": "test", "shadow": True,
}  # fmt: skip
OTHER = {**SMOKE, "name": "fault", "when": "fault"}


def said(at: int, device: str = "s1", **values: Value) -> Reading:
    return Reading(device, "smoke_alarm", T0 + at, T0 + at, values)


PAST = [said(at * MINUTE, "s1" if at % 4 < 2 else "s2", alarm=at % 2 == 0) for at in range(120)]


def book(*rules: dict[str, Any], version: int = 1) -> Rulebook:
    return Rulebook.model_validate({"hazard": "fire", "version": version, "rules": list(rules)})


def told(kinds: dict[str, Kind], *books: Rulebook, chunk: int = 7) -> list[Any]:
    engine = Engine(books, kinds, community(), tells_shadows=True)
    engine.enrol([Device("s1", "smoke_alarm"), Device("s2", "smoke_alarm")], T0)
    return list(play(engine, story(PAST, chunk=chunk), T0 + 3 * HOUR))


def test_how_a_story_is_cut_changes_nothing(kinds: dict[str, Kind]) -> None:
    assert told(kinds, book(SMOKE), chunk=1) == told(kinds, book(SMOKE), chunk=1000)


def test_what_arrived_together_stays_together_and_an_outage_stands_where_it_ended() -> None:
    heard = [said(at, device) for at in (0, 1, 2) for device in ("s1", "s2")]
    events = list(story(heard, [Deaf(T0 + 9, T0 + 9), Deaf(T0, T0 + 1)], chunk=1))
    assert [event if isinstance(event, Deaf) else (event.now - T0, len(event.readings)) for event in events] == [
        (0, 2), Deaf(T0, T0 + 1), (1, 2), (2, 2), Deaf(T0 + 9, T0 + 9),
    ]  # fmt: skip
    assert list(story([], [Deaf(T0, T0 + 1)])) == [Deaf(T0, T0 + 1)]
    assert list(story([said(5)], [Deaf(T0, T0 + 1)])) == [Deaf(T0, T0 + 1), Heard(T0 + 5, [said(5)])]


def test_findings_are_counted_by_rule_hour_and_subject(kinds: dict[str, Kind]) -> None:
    ours = book(SMOKE, OTHER)
    lines = tallies([ours], told(kinds, ours, book({**SMOKE, "name": "borrowed"})), DEFAULT_ZONE)
    assert [(line.rule, line.found, line.ended) for line in lines] == [("smoke", 60, 60), ("fault", 0, 0)]
    assert (lines[0].by_hour[8], lines[0].by_hour[9], lines[0].subjects) == (30, 30, {"s1": 30, "s2": 30})
    head, smoke, fault = as_lines(lines, 2.0)
    assert "规则" in head
    assert smoke.split()[:3] == ["smoke", "60", "30.00"]
    assert "08:00 (30)" in smoke
    assert fault.split()[-2:] == ["-", "-"]


def test_two_books_are_held_against_each_other_whatever_their_versions(kinds: dict[str, Kind]) -> None:
    slow = {**SMOKE, "only_if": "time.hour == 8"}
    found = difference(told(kinds, book(SMOKE)), told(kinds, book(slow, OTHER, version=2)))
    assert (found.both, len(found.only_ours), found.only_theirs) == (30, 30, [])
    assert all(a <= b for a, b in pairwise(found.only_ours))
    first, *more = as_difference(found, {"ours": "a.yaml", "theirs": "b.yaml"})
    assert first == "两册都发现 30；只有 a.yaml 发现 30；只有 b.yaml 发现 0"
    assert len(more) == 10
    assert more[0].startswith("  只有 a.yaml: smoke s1 2026-01-01 01:")


def test_a_book_comes_with_the_rules_it_speaks_of() -> None:
    asking = book({**OTHER, "only_if": "not finding.smoke"})
    assert [one.rules[0].name for one in needed(asking, [book(SMOKE), book({**SMOKE, "name": "x"})])] == [
        "fault",
        "smoke",
    ]


def test_a_rule_says_why_it_stands_where_it_stands(kinds: dict[str, Kind]) -> None:
    asking = {**OTHER, "when": "fault and temp_c > 40", "only_if": "person.lives_alone"}
    engine = Engine([book(SMOKE, asking)], kinds, community())
    engine.enrol([Device("s1", "smoke_alarm")], T0)
    heard = said(0, fault=True, alarm=True)
    engine.feed([heard], T0)
    assert engine.explain("smoke", "s1", heard)["reasons"] == ["正在报", "when 的答案：成立"]
    story_ = engine.explain("fault", "s1", heard)
    assert story_["reasons"] == [
        "安静：没有在报", "最近一次没有说 temp_c", "when 的答案：不知道", "only_if 的答案：不成立",
    ]  # fmt: skip
    assert story_["values"] == {"fault": True, "alarm": True}
    assert engine.explain("nothing", "s1", heard)["reasons"] == ["规则 nothing 不看 smoke_alarm 这类设备"]
    absent = {**{name: value for name, value in SMOKE.items() if name != "when"}, "name": "gone", "absent": {}}
    silent = Engine([book(absent)], kinds, community())
    silent.enrol([Device("s1", "smoke_alarm")], T0)
    silent.feed([heard], T0)
    assert silent.explain("gone", "s1", heard)["reasons"] == ["安静：没有在报"]
