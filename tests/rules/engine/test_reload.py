"""Rulebooks are replaced while the engine runs: unchanged rules continue, active findings are kept, the rest ends."""

from __future__ import annotations

from typing import Any

import pytest

from domain import DAY, HOUR, MINUTE, Device, Finding, FindingPhase, Place, Reading, Value
from domain.findings import ENDED_BY_RULE_CHANGE
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.engine.reload import REMOVED, REWRITTEN, SHADOWED
from rules.rulebook.diff import diff_rulebooks
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import dump_rulebooks, rulebooks_in_checkpoint
from rules.tools.explain import explain
from rules.trials.model import TrialBook
from rules.trials.runner import as_expectations, play_scenario
from tests.rules.trials.test_runner_books import scenarios
from tests.support.long_form import share_of

Kinds = dict[str, Kind]
Books = dict[str, Rulebook]
T0 = 1_767_225_600_000
COMMUNITY = community(
    places=[Place("b", "3栋", "building"), *(Place(f"h{n}", f"{n}", "household", "b") for n in range(4))]
)
GAS = [Device(f"gas-{n}", "gas_alarm", place=f"h{n}") for n in range(4)]


def rule(name: str = "r", **changes: Any) -> dict[str, Any]:
    written = {
        "name": name,
        "title": {"zh": name, "en": name},
        "kind": "gas_alarm",
        "severity": "high",
        "source": "test",
    }
    return {**written, **({} if "absent" in changes or "event" in changes else {"when": "lel_pct >= 10"}), **changes}


def book(*rules: dict[str, Any], version: int = 1) -> list[Rulebook]:
    return [Rulebook.model_validate({"hazard": "gas", "version": version, "rules": list(rules)})]


def group_rule(**changes: Any) -> dict[str, Any]:
    written = {
        "name": "many",
        "title": {"zh": "多", "en": "many"},
        "severity": "critical",
        "of": "building",
        "source": "test",
    }
    return {**written, "gather": {"within": "10m", "parts": [{"rules": ["r"], "at_least": 3}]}, **changes}


class ReloadHarness:
    """An engine, and the findings it emitted."""

    def __init__(self, kinds: Kinds, *rules: dict[str, Any]) -> None:
        self.engine = Engine(book(*rules), kinds, COMMUNITY)
        self.engine.register(GAS, T0)
        self.findings: list[Finding] = []

    def feed(self, at: int, device: str = "gas-0", **values: Value) -> None:
        self.findings += self.engine.feed([Reading(device, "gas_alarm", T0 + at, T0 + at, values)], T0 + at)

    def advance(self, at: int) -> None:
        self.findings += self.engine.tick(T0 + at)

    def reload(self, at: int, *rules: dict[str, Any], version: int = 1) -> None:
        self.advance(at)
        self.findings += self.engine.reload(book(*rules, version=version), T0 + at)

    def phase(self, name: str = "r", device: str = "gas-0") -> object:
        return explain(self.engine, name, device)["phase"]

    @property
    def new_lines(self) -> list[str]:
        """The findings since the last call, as `seconds rule phase`."""
        findings, self.findings = self.findings, []
        return [f"{(finding.now - T0) // 1000} {finding.rule} {finding.phase.value}" for finding in findings]


# -- unchanged rules ----------------------------------------------------------------------------------------------


def test_a_hold_continues_over_a_change_of_another_rule(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(hold="30s"), rule("other", when="co_ppm >= 50"))
    harness.feed(0, lel_pct=12)
    harness.reload(20_000, rule(hold="30s"), rule("other", when="co_ppm >= 80"))
    harness.advance(40_000)
    assert harness.new_lines == ["30 r began"]


def test_a_release_continues_over_a_change_of_texts_only(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(release="60s"))
    harness.feed(0, lel_pct=12)
    harness.feed(10_000, lel_pct=2)
    harness.reload(30_000, rule(release="60s", title={"zh": "新的名字", "en": "new"}, source="a better one"), version=2)
    harness.advance(HOUR)
    assert harness.new_lines == ["0 r began", "70 r ended"]


def test_windows_and_baselines_are_kept_and_the_same_rulebooks_change_nothing(books: Books, kinds: Kinds) -> None:
    engine = Engine(list(books.values()), kinds, COMMUNITY)
    engine.register([Device("m", "water_meter"), *GAS], T0)
    for step in range(200):
        at = T0 + step * HOUR
        engine.feed([Reading("m", "water_meter", at, at, {"volume_m3": step / 10})], at)
    before = engine.snapshot()
    assert engine.reload(list(books.values()), T0 + 200 * HOUR) == []
    assert engine.snapshot() == before

    state = engine.states["m"]
    assert state.histories is not None
    kept = state.histories["volume_m3"].samples
    engine.reload([book for book in books.values() if book.hazard != "gas"], T0 + 200 * HOUR)
    assert {book.hazard for book in engine.books} == {book.hazard for book in books.values()} - {"gas"}
    assert engine.states["m"] is state
    assert state.histories["volume_m3"].samples == kept


# -- changed rules ------------------------------------------------------------------------------------------------


def test_an_active_alarm_is_kept_over_a_changed_limit_and_the_next_reading_decides(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule())
    harness.feed(0, lel_pct=12)
    harness.reload(10_000, rule(when="lel_pct >= 20"), version=2)
    assert (harness.new_lines, harness.phase()) == (["0 r began"], "firing")
    harness.feed(20_000, lel_pct=25)
    assert (harness.new_lines, harness.phase()) == ([], "firing")
    harness.feed(30_000, lel_pct=15)
    harness.advance(40_000)
    finding = harness.findings[0]
    assert (finding.phase, finding.id) == (FindingPhase.ENDED, f"r@1/gas-0/{T0}")
    harness.feed(50_000, lel_pct=25)
    assert harness.findings[1].id == f"r@2/gas-0/{T0 + 50_000}"


def test_a_clearing_alarm_fires_again_until_the_new_rule_clears_it(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(release="60s"))
    harness.feed(0, lel_pct=12)
    harness.feed(10_000, lel_pct=8)
    assert harness.phase() == "clearing"
    harness.reload(20_000, rule(when="lel_pct >= 5", release="60s"))
    harness.feed(80_000, lel_pct=8)
    assert (harness.new_lines, harness.phase()) == (["0 r began"], "firing")
    harness.feed(90_000, lel_pct=2)
    harness.advance(200_000)
    assert harness.new_lines == ["150 r ended"]


def test_a_silent_device_stays_in_alarm_after_a_reload_and_goes_stale(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(release="60s"))
    harness.feed(0, lel_pct=12)
    harness.feed(10_000, lel_pct=8)
    harness.reload(20_000, rule(when="lel_pct >= 5", release="60s"))
    harness.advance(DAY)
    assert [line.split(" ", 1)[1] for line in harness.new_lines] == ["r began", "r stale"]


def test_a_hold_with_a_changed_condition_starts_again_and_a_reading_may_end_it(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(hold="30s"), rule("calm", hold="30s"))
    harness.feed(0, lel_pct=12)
    harness.reload(20_000, rule(when="lel_pct >= 11", hold="30s"), rule("calm", when="lel_pct >= 20", hold="30s"))
    harness.feed(25_000, lel_pct=12)
    harness.advance(HOUR)
    assert harness.new_lines == ["50 r began"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"hold": "60s"}, ["60 r began"]), ({"hold": "10s"}, ["20 r began"]), ({"hold": "30s", "if_silent": "wait"}, [])],
)
def test_a_longer_or_shorter_hold_counts_from_its_begin(
    kinds: Kinds, changes: dict[str, Any], expected: list[str]
) -> None:
    harness = ReloadHarness(kinds, rule(hold="30s"))
    harness.feed(0, lel_pct=12)
    harness.reload(20_000, rule(**changes))
    harness.advance(HOUR)
    assert harness.new_lines == expected


def test_a_hold_that_waited_for_a_reading_may_now_complete_by_a_timer(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(hold="30s", if_silent="wait"))
    harness.feed(0, lel_pct=12)
    harness.reload(20_000, rule(hold="30s"))
    harness.advance(HOUR)
    assert harness.new_lines == ["50 r began"]


def test_a_longer_release_counts_from_the_all_clear(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(release="60s"), rule("sos", event="alarm", release="60s"))
    harness.feed(0, lel_pct=12, alarm=True)
    harness.feed(10_000, lel_pct=2)
    harness.reload(30_000, rule(release="90s"), rule("sos", event="alarm", release="2m"))
    harness.advance(99_000)
    assert harness.new_lines == ["0 r began", "0 sos began"]
    harness.advance(HOUR)
    assert harness.new_lines == ["100 r ended"]
    assert harness.phase("sos") == "quiet"


def test_an_event_within_the_release_of_a_changed_rule_is_still_the_same(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule("sos", event="alarm", release="60s"))
    harness.feed(0, alarm=True)
    harness.reload(10_000, rule("sos", event="alarm", release="60s", only_if="not device.under_works"))
    harness.feed(20_000, alarm=True)
    assert harness.new_lines == ["0 sos began"]


# -- removed rules, and another rule of the same name --------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "reason"), [(rule("other"), REMOVED), (rule(event="alarm", release="60s"), REWRITTEN)]
)
def test_findings_of_a_removed_rule_end_with_a_reason(kinds: Kinds, after: dict[str, Any], reason: str) -> None:
    harness = ReloadHarness(kinds, rule(), rule("waits", hold="30s"))
    harness.feed(0, lel_pct=12)
    harness.reload(10_000, after)
    assert harness.findings[-1].evidence[0].quantity == ENDED_BY_RULE_CHANGE
    assert harness.findings[-1].evidence[0].value == reason
    assert harness.new_lines == ["0 r began", "10 r ended"]
    assert [timer for timer in harness.engine.state.timers.heap if timer[1] in ("r", "waits")] == []
    harness.advance(DAY)
    assert harness.new_lines == []


def test_a_removed_rule_has_no_absence_timers(kinds: Kinds) -> None:
    lost = {"name": "lost", "title": {"zh": "失联", "en": "lost"}, "kind": "any", "severity": "low", "ledger": "health"}
    harness = ReloadHarness(kinds, rule(), {**lost, "absent": {"after": "2h"}, "source": "test"})
    harness.reload(HOUR, rule())
    assert harness.engine.next_timer() is None
    harness.advance(DAY)
    assert harness.new_lines == []


def test_two_rules_with_one_name_are_refused_and_nothing_changes(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule())
    harness.feed(0, lel_pct=12)
    with pytest.raises(ValueError, match="one name"):
        harness.engine.reload([*book(rule()), *book(rule())], T0)
    assert harness.phase() == "firing"


# -- new rules ----------------------------------------------------------------------------------------------------


def test_a_new_absence_rule_counts_from_now_on(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule())
    for minute in range(0, 600, 5):
        harness.feed(minute * MINUTE, lel_pct=1)
    harness.reload(10 * HOUR, rule(), rule("mute", absent={"quantity": "co_ppm", "after": "1h"}))
    assert harness.new_lines == []
    for minute in range(600, 720, 5):
        harness.feed(minute * MINUTE, lel_pct=1)
    assert "39600 mute began" in harness.new_lines


def test_a_device_silent_for_long_is_reported_absent_at_once_by_a_new_rule(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule())
    harness.reload(10 * HOUR, rule(), rule("lost", absent={"after": "1h"}))
    harness.advance(10 * HOUR)
    assert harness.new_lines == ["36000 lost began"] * 4


def test_a_longer_window_keeps_its_samples(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(when="max(lel_pct, 10m) >= 10 and seen(lel_pct, 10m) >= 5m"))
    for minute in range(0, 60):
        harness.feed(minute * MINUTE, lel_pct=1)
    harness.reload(HOUR, rule(when="max(lel_pct, 2h) >= 10 and seen(lel_pct, 2h) >= 10m"))
    harness.feed(HOUR, lel_pct=12)
    assert harness.new_lines == ["3600 r began"]


def test_three_active_alarms_are_grouped_by_a_rule_added_later(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule())
    for number in range(3):
        harness.feed(number * MINUTE, f"gas-{number}", lel_pct=12)
    assert harness.new_lines == ["0 r began", "60 r began", "120 r began"]
    harness.reload(5 * MINUTE, rule(), group_rule())
    (found,) = harness.findings
    assert (found.id, found.now) == (f"many@1/building:b/{T0 + 2 * MINUTE}", T0 + 5 * MINUTE)
    assert found.late_ms == 3 * MINUTE


def test_a_group_with_a_raised_minimum_ends_with_its_members(kinds: Kinds) -> None:
    wanted = {"within": "10m", "parts": [{"rules": ["r"], "at_least": 4}]}
    harness = ReloadHarness(kinds, rule(release="30s"), group_rule())
    for number in range(3):
        harness.feed(number * MINUTE, f"gas-{number}", lel_pct=12)
    harness.reload(5 * MINUTE, rule(release="30s"), group_rule(gather=wanted))
    assert harness.phase("many", "building/b") == "firing"
    for number in range(3):
        harness.feed(6 * MINUTE, f"gas-{number}", lel_pct=1)
    harness.advance(HOUR)
    assert harness.new_lines[-1] == "390 many ended"


def test_a_group_rule_with_another_subject_is_another_rule(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(), group_rule())
    for number in range(3):
        harness.feed(number * MINUTE, f"gas-{number}", lel_pct=12)
    harness.reload(5 * MINUTE, rule(), group_rule(of="household"))
    assert harness.new_lines[3:] == ["120 many began", "300 many ended"]
    assert list(harness.engine.groups.rulesets) == ["household"]
    harness.reload(6 * MINUTE, rule())
    assert harness.engine.groups.states == {}


# -- shadow -------------------------------------------------------------------------------------------------------


def test_active_findings_in_shadow_are_emitted_when_the_shadow_ends(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(shadow=True, release="60s"), group_rule())
    for number in range(3):
        harness.feed(number * MINUTE, f"gas-{number}", lel_pct=12)
    harness.feed(3 * MINUTE, "gas-3", lel_pct=12)
    harness.feed(3 * MINUTE + 1, "gas-3", lel_pct=1)
    assert harness.new_lines == []
    harness.reload(200_000, rule(release="60s"), group_rule())
    assert sorted(harness.new_lines) == ["200 many began", *["200 r began"] * 3]
    assert harness.phase("r", "gas-3") == "quiet"


def test_a_stale_finding_leaves_the_shadow_as_stale(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(shadow=True), rule("slow", shadow=True, hold="2d"))
    harness.feed(0, lel_pct=12)
    harness.reload(DAY, rule(), rule("slow", hold="2d"))
    assert harness.new_lines == ["86400 r began", "86400 r stale"]


def test_findings_of_a_rule_put_into_shadow_end_and_are_counted_further(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule(), group_rule(gather={"parts": [{"rules": ["r"], "at_least": 2}]}))
    for number in range(2):
        harness.feed(number * MINUTE, f"gas-{number}", lel_pct=12)
    harness.reload(5 * MINUTE, rule(shadow=True), group_rule(gather={"parts": [{"rules": ["r"], "at_least": 2}]}))
    ended = [finding for finding in harness.findings if finding.phase is FindingPhase.ENDED and finding.rule == "r"]
    assert [finding.evidence[0].value for finding in ended] == [SHADOWED, SHADOWED]
    harness.findings.clear()
    harness.feed(6 * MINUTE, lel_pct=1)
    harness.feed(6 * MINUTE, "gas-1", lel_pct=1)
    harness.advance(HOUR)
    assert [line for line in harness.new_lines if " r " in line] == []
    assert harness.engine.state.shadow_counts["r"]["ended"] == 2


# -- every book of the repository ---------------------------------------------------------------------------------

UNRELATED = {
    "name": "strange", "title": {"zh": "无", "en": "none"}, "kind": "any", "severity": "low", "source": "test",
    "when": "max(battery_pct, 3h) > 900 and temp_c > 900 and usual(rssi_dbm) > 900",
}  # fmt: skip
UNRELATED_ABSENCE = {
    "name": "missing", "title": {"zh": "无", "en": "none"}, "kind": "any", "severity": "low", "source": "test",
    "absent": {"quantity": "rssi_dbm", "after": "900d"},
}  # fmt: skip


OTHER_BOOKS = [
    Rulebook.model_validate({"hazard": "test_beside", "rules": rules})
    for rules in ([UNRELATED], [UNRELATED_ABSENCE], [UNRELATED, UNRELATED_ABSENCE])
]


@pytest.mark.long_form
def test_reloads_with_other_rules_change_the_result_of_no_trial(
    books: Books, trials: dict[str, TrialBook], kinds: Kinds
) -> None:
    for number, (own, trial, scenario) in share_of([*enumerate(scenarios(books, trials, kinds))], 0, 2):
        seen = {name: kinds[name] for name in sorted({device.kind for device in scenario.devices} | {"gateway"})}
        plain = play_scenario(Engine(own, seen, scenario.community, emit_shadow=True), scenario)
        reloading = ReloadingEngine(own, seen, scenario.community, emit_shadow=True)
        reloading.period, reloading.feeds = len(scenario.batches) // 8 + 1, number
        reloaded = play_scenario(reloading, scenario)
        assert as_expectations(plain, trial.rule) == as_expectations(reloaded, trial.rule), trial.name
        assert [finding.id for finding in plain] == [finding.id for finding in reloaded], trial.name


class ReloadingEngine(Engine):
    """Reloads its rulebooks before some of its readings: with other rules beside them, or without."""

    period, feeds, turn = 1, 0, 0

    def feed(self, readings: Any, now: int, *rest: Any, **more: Any) -> list[Finding]:
        self.feeds += 1
        findings = [] if self.feeds % self.period else self.tick(now - 1) + self._reload_with_others(now)
        return findings + super().feed(readings, now, *rest, **more)

    def _reload_with_others(self, now: int) -> list[Finding]:
        self.turn += 1
        own = [book for book in self.books if book.hazard != "test_beside"]
        return self.reload([*own, *[[], *([book] for book in OTHER_BOOKS)][self.turn % 4]], now)


# -- rulebooks in the checkpoint ----------------------------------------------------------------------------------


def test_rulebooks_in_a_checkpoint_are_read_back_unchanged(books: Books, kinds: Kinds) -> None:
    engine = Engine(list(books.values()), kinds, COMMUNITY)
    assert rulebooks_in_checkpoint(engine.snapshot()) == list(books.values())
    assert dump_rulebooks(rulebooks_in_checkpoint(engine.snapshot())) == dump_rulebooks(books.values())


def test_a_checkpoint_is_restored_with_its_own_rulebooks_and_then_reloads_new_ones(kinds: Kinds) -> None:
    harness = ReloadHarness(kinds, rule())
    harness.feed(0, lel_pct=12)
    written = harness.engine.snapshot()
    restored = Engine(rulebooks_in_checkpoint(written), kinds, COMMUNITY)
    restored.restore(written)
    restored.register(GAS, T0)
    (ended,) = restored.reload(book(rule("other")), T0 + HOUR)
    assert (ended.id, ended.phase) == (f"r@1/gas-0/{T0}", FindingPhase.ENDED)


def test_the_diff_of_rulebooks_names_rules() -> None:
    before, after = book(rule(), rule("a")), book(rule(hold="1s"), rule("b"))
    found = diff_rulebooks(before, after)
    assert (found.added, found.removed, found.changed, found.is_empty) == (("b",), ("a",), ("r",), False)
    assert found.unversioned == ("r",)
    assert diff_rulebooks(before, book(rule(hold="1s"), version=2)).unversioned == ()
    assert diff_rulebooks(before, before).is_empty
