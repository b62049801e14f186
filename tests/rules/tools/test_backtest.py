"""Backtests: the same in batches or at once, counted by rule and hour; and the comparison of two rulebooks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from domain import DAY, HOUR, MINUTE, Device, Place, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.community_index import DEFAULT_ZONE
from rules.engine.engine import Engine
from rules.hosts.replay import Outage, ReadingBatch, chunk_events, play
from rules.rulebook.model import Rulebook
from rules.rulebook.references import with_required_rules
from rules.tools.backtest import compare_findings, momentary_rules, rule_statistics, watched_devices
from rules.tools.backtest_report import comparison_lines, statistics_table
from rules.tools.explain import explain

T0 = 1_767_225_600_000  # 08:00 in Shanghai
SMOKE: dict[str, Any] = {
    "name": "smoke", "title": {"zh": "烟", "en": "x"}, "kind": "smoke_alarm", "severity": "high", "when": "alarm",
    "source": "test", "shadow": True,
}  # fmt: skip
OTHER = {**SMOKE, "name": "fault", "when": "fault"}


def reading_at(at: int, device: str = "s1", **values: Value) -> Reading:
    return Reading(device, "smoke_alarm", T0 + at, T0 + at, values)


PAST = [reading_at(at * MINUTE, "s1" if at % 4 < 2 else "s2", alarm=at % 2 == 0) for at in range(120)]


def book(*rules: dict[str, Any], version: int = 1) -> Rulebook:
    return Rulebook.model_validate({"hazard": "fire", "version": version, "rules": list(rules)})


def findings_of(kinds: dict[str, Kind], *books: Rulebook, chunk: int = 7) -> list[Any]:
    engine = Engine(books, kinds, community(), emit_shadow=True)
    engine.register([Device("s1", "smoke_alarm"), Device("s2", "smoke_alarm")], T0)
    return list(play(engine, chunk_events(PAST, chunk=chunk), T0 + 3 * HOUR))


def test_the_size_of_batches_changes_no_finding(kinds: dict[str, Kind]) -> None:
    assert findings_of(kinds, book(SMOKE), chunk=1) == findings_of(kinds, book(SMOKE), chunk=1000)


def test_readings_of_one_arrival_stay_together_and_an_outage_comes_at_its_end() -> None:
    readings = [reading_at(at, device) for at in (0, 1, 2) for device in ("s1", "s2")]
    events = list(chunk_events(readings, [Outage(T0 + 9, T0 + 9), Outage(T0, T0 + 1)], chunk=1))
    assert [event if isinstance(event, Outage) else (event.now - T0, len(event.readings)) for event in events] == [
        (0, 2), Outage(T0, T0 + 1), (1, 2), (2, 2), Outage(T0 + 9, T0 + 9),
    ]  # fmt: skip
    assert list(chunk_events([], [Outage(T0, T0 + 1)])) == [Outage(T0, T0 + 1)]
    assert list(chunk_events([reading_at(5)], [Outage(T0, T0 + 1)])) == [
        Outage(T0, T0 + 1),
        ReadingBatch(T0 + 5, [reading_at(5)]),
    ]


def test_findings_are_counted_by_rule_hour_and_subject(kinds: dict[str, Kind]) -> None:
    rulebook = book(SMOKE, OTHER)
    found = findings_of(kinds, rulebook, book({**SMOKE, "name": "borrowed"}))
    lines = rule_statistics([rulebook], found, DEFAULT_ZONE, lambda finding: f"家 {finding.device}", {"smoke": 2})
    assert [(line.rule, line.found, line.ended) for line in lines] == [("smoke", 60, 60), ("fault", 0, 0)]
    assert (lines[0].by_hour[8], lines[0].by_hour[9], lines[0].subjects) == (30, 30, {"s1": 30, "s2": 30})
    assert (lines[0].median_ms, lines[0].standing, lines[0].watched) == (MINUTE, 0, 2)
    head, smoke, fault, blind = statistics_table(lines, 2.0)
    assert "规则" in head
    assert smoke.split() == [
        "smoke", "烟（试运行）", "高", "2", "台", "60", "30.00", "1分", "0", "|", "██", "|",
        "s1（家", "s1）", "30", "次；s2（家", "s2）", "30", "次",
    ]  # fmt: skip
    assert fault.split()[-3:] == ["-", "0", "-"]
    assert blind == "没有这些规则看的设备：fault"


def test_two_rulebooks_are_compared_whatever_their_versions(kinds: dict[str, Kind]) -> None:
    slow = {**SMOKE, "only_if": "time.hour == 8"}
    found = compare_findings(findings_of(kinds, book(SMOKE)), findings_of(kinds, book(slow, OTHER, version=2)))
    assert (found.both, len(found.only_ours), found.only_theirs) == (30, 30, [])
    assert all(a.begin <= b.begin for a, b in pairwise(found.only_ours))
    first, rule, *more = comparison_lines(found, {"ours": "a.yaml", "theirs": "b.yaml"}, DEFAULT_ZONE)
    assert first == "两册都发现 30；只有 a.yaml 发现 30；只有 b.yaml 发现 0"
    assert rule == "  smoke：都有 30，只有 a.yaml 30，只有 b.yaml 0"
    assert (len(more), more[-1]) == (11, "  只有 a.yaml: 另有 20 条，--json 给出全部")
    assert more[0] == "  只有 a.yaml: 2026-01-01 09:00:00 smoke 高 s1，1分"


def test_the_same_danger_found_later_is_the_same(kinds: dict[str, Kind]) -> None:
    def hot(limit: int, **changes: Any) -> Rulebook:
        return book({**SMOKE, "when": f"temp_c >= {limit}", **changes})

    def findings_with(rulebook: Rulebook) -> list[Any]:
        engine = Engine([rulebook], kinds, community(), emit_shadow=True)
        engine.register([Device("s1", "smoke_alarm", place="h1")], T0)
        history = [reading_at(minute * MINUTE, temp_c=20 + 10 * minute) for minute in range(6)]
        return list(play(engine, chunk_events(history), T0 + HOUR))

    found = compare_findings(findings_with(hot(30)), findings_with(hot(50)), lambda _finding: "3栋402")
    assert (found.both, found.only_ours, found.only_theirs, found.later_ms) == (1, [], [], 2 * MINUTE)
    lines = comparison_lines(found, {"ours": "a", "theirs": "b"}, DEFAULT_ZONE)
    assert lines == ["两册都发现 1；只有 a 发现 0；只有 b 发现 0", "两册都发现的，b 一般晚 2分 报"]
    sooner = compare_findings(findings_with(hot(50)), findings_with(hot(30)))
    assert comparison_lines(sooner, {"ours": "a", "theirs": "b"}, DEFAULT_ZONE)[1] == "两册都发现的，b 一般早 2分 报"

    alone = compare_findings(findings_with(hot(30)), [], lambda _finding: "3栋402")
    assert comparison_lines(alone, {"ours": "a", "theirs": "b"}, DEFAULT_ZONE)[-1] == (
        "  只有 a: 2026-01-01 08:01:00 smoke 高 s1 3栋402，没有结束"
    )
    (line,) = rule_statistics([hot(30)], findings_with(hot(30)), DEFAULT_ZONE)
    assert (line.standing, line.stale, line.median_ms) == (1, 0, None)
    assert " 1 " in statistics_table([line], 1.0)[1]
    line.stale = 1
    assert "1（失联 1）" in statistics_table([line], 1.0)[1]


def test_a_momentary_event_ends_at_once(kinds: dict[str, Kind]) -> None:
    event_rule = {**SMOKE, "when": None, "event": "alarm", "release": "30s", "ledger": "health"}
    rulebook = book(event_rule)
    (line,) = rule_statistics([rulebook], findings_of(kinds, rulebook), DEFAULT_ZONE)
    assert (line.found, line.standing, line.median_ms) == (60, 0, 0)
    assert "高·维保" in statistics_table([line], 1.0)[1]
    found = compare_findings(
        findings_of(kinds, rulebook), findings_of(kinds, rulebook)[2:], momentary=momentary_rules([rulebook])
    )
    assert (found.both, len(found.only_ours)) == (58, 2)


def test_watched_devices_are_counted_for_group_rules_too() -> None:
    group = {"name": "two", "title": {"zh": "二", "en": "x"}, "severity": "low", "of": "building", "source": "test"}
    parts = [{"rules": ["smoke", "elsewhere"], "at_least": 2}]
    rulebook = book(SMOKE, {**group, "gather": {"parts": parts}})
    assert watched_devices([rulebook], ["smoke_alarm", "door", "smoke_alarm"]) == {"smoke": 2, "two": 2}


def test_a_rulebook_comes_with_the_rules_it_refers_to() -> None:
    referring = book({**OTHER, "only_if": "not finding.smoke"})
    assert [
        book.rules[0].name for book in with_required_rules(referring, [book(SMOKE), book({**SMOKE, "name": "x"})])
    ] == [
        "fault",
        "smoke",
    ]


def test_a_rule_explains_its_state(kinds: dict[str, Kind]) -> None:
    referring = {**OTHER, "when": "fault and temp_c > 40", "only_if": "person.lives_alone"}
    engine = Engine([book(SMOKE, referring)], kinds, community())
    engine.register([Device("s1", "smoke_alarm")], T0)
    readings = reading_at(0, fault=True, alarm=True)
    engine.feed([readings], T0)
    smoke = explain(engine, "smoke", "s1", readings)
    assert smoke["reasons"] == ["正在报", "试运行：只计数，不告诉任何人", "when 的答案：成立（alarm）", "alarm = true"]
    assert smoke["reasons_en"] == [
        "firing", "in shadow: counted, told to nobody", "when is true (alarm)", "alarm = true",
    ]  # fmt: skip
    explanation = explain(engine, "fault", "s1", readings)
    assert explanation["reasons"] == [
        "安静：没有在报", "试运行：只计数，不告诉任何人", "最近一次没有说 temp_c",
        "when 的答案：不知道（fault and temp_c > 40）", "only_if 的答案：不成立（person.lives_alone）",
        "fault = true", "temp_c = 不知道", "person.lives_alone = 没有写下",
    ]  # fmt: skip
    assert explanation["asks"] == {"fault": True, "temp_c": None, "person.lives_alone": None}
    assert explanation["values"] == {"fault": True, "alarm": True}
    assert explain(engine, "nothing", "s1", readings)["reasons"] == ["规则 nothing 不看 smoke_alarm 这类设备"]
    absent = {**{name: value for name, value in SMOKE.items() if name != "when"}, "name": "gone", "absent": {}}
    silent = Engine([book(absent)], kinds, community())
    silent.register([Device("s1", "smoke_alarm")], T0)
    silent.feed([readings], T0)
    assert explain(silent, "gone", "s1", readings)["reasons_en"] == [
        "quiet: nothing stands", "in shadow: counted, told to nobody",
        "last heard 2026-01-01T08:00:00+08:00; it may be silent for 3d10m",
        "missed from 2026-01-04T08:10:00+08:00 on",
    ]  # fmt: skip
    silent.tick(T0 + 5 * DAY)
    assert explain(silent, "gone", "s1")["missed_at"] is None
    silent.feed([reading_at(0, "stranger", fault=False)], T0)
    assert "没有登记，不算缺席" in str(explain(silent, "gone", "stranger")["reasons"])
    never = Engine([book({**absent, "absent": {"quantity": "temp_c"}})], kinds, community())
    never.register([Device("s1", "smoke_alarm")], T0)
    assert "从未听到，最多允许沉默 3d10m" in str(explain(never, "gone", "s1")["reasons"])


def test_a_group_explains_how_many_members_it_has_and_needs(kinds: dict[str, Kind]) -> None:
    group = {"name": "two", "title": {"zh": "二", "en": "x"}, "severity": "low", "of": "building", "source": "test"}
    parts = [{"rules": ["smoke"], "at_least": 2}]
    rulebook = book({**SMOKE, "shadow": False}, {**group, "gather": {"within": "10m", "parts": parts}})
    engine = Engine(
        [rulebook], kinds, community(places=[Place("b", "3栋", "building"), Place("h", "1", "household", "b")])
    )
    engine.register([Device("s1", "smoke_alarm", place="h")], T0)
    assert explain(engine, "two", "building/b")["reasons"] == ["安静：没有在报", "smoke：有 0，要 2"]
    engine.feed([reading_at(0, alarm=True)], T0)
    explanation = explain(engine, "two", "building/b")
    assert explanation["reasons_en"] == ["quiet: nothing stands", "smoke: 1 of 2"]
    assert explanation["members"] == [{"rule": "smoke", "device": "s1", "begin": T0, "stands": True}]
    assert explain(engine, "two", "cell/c") == {"device": "cell/c", "rule": "two", "known": False}


def test_the_operands_of_a_condition_are_named_as_written(kinds: dict[str, Kind]) -> None:
    asked = "quantile(temp_c, 0.9, 90m) > usual(temp_c) and max(temp_c, 1h) > 3"
    engine = Engine(
        [book({**SMOKE, "when": asked, "grades": [{"severity": "low", "when": "temp_c > 1"}]})], kinds, community()
    )
    engine.feed([reading_at(0, temp_c=20)], T0)
    explanation = explain(engine, "smoke", "s1", reading_at(0, temp_c=20))
    assert explanation["asks"] == {
        "quantile(temp_c, 0.9, 1h30m)": 20.0, "usual(temp_c)": None, "max(temp_c, 1h)": 20.0, "temp_c": 20,
    }  # fmt: skip
