"""Rulebooks are replaced while the engine runs: what is unchanged goes on, what stands is kept, the rest is gone."""

from __future__ import annotations

from typing import Any

import pytest

from domain import DAY, HOUR, MINUTE, Device, Finding, FindingPhase, Place, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.engine.reload import REASON, REMOVED, REWRITTEN, SHADOWED
from rules.rulebook.diff import diff_rulebooks
from rules.rulebook.model import Rulebook
from rules.rulebook.serialization import dump_rulebooks, rulebooks_in_checkpoint
from rules.tools.explain import explain
from rules.trials.model import TrialBook
from rules.trials.runner import as_expectations, play_scenario
from tests.rules.trials.test_runner_books import scenes

Kinds = dict[str, Kind]
Books = dict[str, Rulebook]
T0 = 1_767_225_600_000
TOWN = community(places=[Place("b", "3栋", "building"), *(Place(f"h{n}", f"{n}", "household", "b") for n in range(4))])
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


def gather(**changes: Any) -> dict[str, Any]:
    written = {
        "name": "many",
        "title": {"zh": "多", "en": "many"},
        "severity": "critical",
        "of": "building",
        "source": "test",
    }
    return {**written, "gather": {"within": "10m", "parts": [{"rules": ["r"], "at_least": 3}]}, **changes}


class Night:
    """An engine, and what it told."""

    def __init__(self, kinds: Kinds, *rules: dict[str, Any]) -> None:
        self.engine = Engine(book(*rules), kinds, TOWN)
        self.engine.register(GAS, T0)
        self.told: list[Finding] = []

    def hears(self, at: int, device: str = "gas-0", **values: Value) -> None:
        self.told += self.engine.feed([Reading(device, "gas_alarm", T0 + at, T0 + at, values)], T0 + at)

    def passes(self, at: int) -> None:
        self.told += self.engine.tick(T0 + at)

    def takes_up(self, at: int, *rules: dict[str, Any], version: int = 1) -> None:
        self.passes(at)
        self.told += self.engine.reload(book(*rules, version=version), T0 + at)

    def phase(self, name: str = "r", device: str = "gas-0") -> object:
        return explain(self.engine, name, device)["phase"]

    @property
    def words(self) -> list[str]:
        """What was told since last asked, as `seconds rule phase`."""
        told, self.told = self.told, []
        return [f"{(finding.now - T0) // 1000} {finding.rule} {finding.phase.value}" for finding in told]


# -- what is unchanged --------------------------------------------------------------------------------------------


def test_a_hold_goes_on_over_a_change_of_another_rule(kinds: Kinds) -> None:
    night = Night(kinds, rule(hold="30s"), rule("other", when="co_ppm >= 50"))
    night.hears(0, lel_pct=12)
    night.takes_up(20_000, rule(hold="30s"), rule("other", when="co_ppm >= 80"))
    night.passes(40_000)
    assert night.words == ["30 r began"]


def test_a_release_goes_on_over_a_change_of_words_only(kinds: Kinds) -> None:
    night = Night(kinds, rule(release="60s"))
    night.hears(0, lel_pct=12)
    night.hears(10_000, lel_pct=2)
    night.takes_up(30_000, rule(release="60s", title={"zh": "新的名字", "en": "new"}, source="a better one"), version=2)
    night.passes(HOUR)
    assert night.words == ["0 r began", "70 r ended"]


def test_windows_and_what_is_usual_are_kept_and_the_same_books_change_nothing(books: Books, kinds: Kinds) -> None:
    engine = Engine(list(books.values()), kinds, TOWN)
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
    engine.reload([one for one in books.values() if one.hazard != "gas"], T0 + 200 * HOUR)
    assert engine.states["m"] is state
    assert state.histories["volume_m3"].samples == kept


# -- what changed -------------------------------------------------------------------------------------------------


def test_a_standing_alarm_is_carried_over_a_changed_limit_and_the_next_reading_decides(kinds: Kinds) -> None:
    night = Night(kinds, rule())
    night.hears(0, lel_pct=12)
    night.takes_up(10_000, rule(when="lel_pct >= 20"), version=2)
    assert (night.words, night.phase()) == (["0 r began"], "firing")
    night.hears(20_000, lel_pct=25)
    assert (night.words, night.phase()) == ([], "firing")
    night.hears(30_000, lel_pct=15)
    night.passes(40_000)
    told = night.told[0]
    assert (told.phase, told.id) == (FindingPhase.ENDED, f"r@1/gas-0/{T0}")
    night.hears(50_000, lel_pct=25)
    assert night.told[1].id == f"r@2/gas-0/{T0 + 50_000}"


def test_an_alarm_that_was_clearing_stands_again_until_the_new_rule_is_satisfied(kinds: Kinds) -> None:
    night = Night(kinds, rule(release="60s"))
    night.hears(0, lel_pct=12)
    night.hears(10_000, lel_pct=8)
    assert night.phase() == "clearing"
    night.takes_up(20_000, rule(when="lel_pct >= 5", release="60s"))
    night.hears(80_000, lel_pct=8)
    assert (night.words, night.phase()) == (["0 r began"], "firing")
    night.hears(90_000, lel_pct=2)
    night.passes(200_000)
    assert night.words == ["150 r ended"]


def test_a_device_that_says_nothing_more_stays_in_alarm_and_goes_stale(kinds: Kinds) -> None:
    night = Night(kinds, rule(release="60s"))
    night.hears(0, lel_pct=12)
    night.hears(10_000, lel_pct=8)
    night.takes_up(20_000, rule(when="lel_pct >= 5", release="60s"))
    night.passes(DAY)
    assert [word.split(" ", 1)[1] for word in night.words] == ["r began", "r stale"]


def test_a_hold_of_another_condition_starts_its_clock_again_and_a_reading_speaks_against_it(kinds: Kinds) -> None:
    night = Night(kinds, rule(hold="30s"), rule("calm", hold="30s"))
    night.hears(0, lel_pct=12)
    night.takes_up(20_000, rule(when="lel_pct >= 11", hold="30s"), rule("calm", when="lel_pct >= 20", hold="30s"))
    night.hears(25_000, lel_pct=12)
    night.passes(HOUR)
    assert night.words == ["50 r began"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"hold": "60s"}, ["60 r began"]), ({"hold": "10s"}, ["20 r began"]), ({"hold": "30s", "if_silent": "wait"}, [])],
)
def test_a_longer_or_shorter_hold_counts_from_where_it_began(
    kinds: Kinds, changes: dict[str, Any], expected: list[str]
) -> None:
    night = Night(kinds, rule(hold="30s"))
    night.hears(0, lel_pct=12)
    night.takes_up(20_000, rule(**changes))
    night.passes(HOUR)
    assert night.words == expected


def test_a_hold_that_waited_for_a_reading_may_now_complete_by_the_clock(kinds: Kinds) -> None:
    night = Night(kinds, rule(hold="30s", if_silent="wait"))
    night.hears(0, lel_pct=12)
    night.takes_up(20_000, rule(hold="30s"))
    night.passes(HOUR)
    assert night.words == ["50 r began"]


def test_a_longer_release_counts_from_the_all_clear(kinds: Kinds) -> None:
    night = Night(kinds, rule(release="60s"), rule("sos", event="alarm", release="60s"))
    night.hears(0, lel_pct=12, alarm=True)
    night.hears(10_000, lel_pct=2)
    night.takes_up(30_000, rule(release="90s"), rule("sos", event="alarm", release="2m"))
    night.passes(99_000)
    assert night.words == ["0 r began", "0 sos began"]
    night.passes(HOUR)
    assert night.words == ["100 r ended"]
    assert night.phase("sos") == "quiet"


def test_a_press_within_the_quiet_time_of_a_changed_event_is_still_the_same(kinds: Kinds) -> None:
    night = Night(kinds, rule("sos", event="alarm", release="60s"))
    night.hears(0, alarm=True)
    night.takes_up(10_000, rule("sos", event="alarm", release="60s", only_if="not device.under_works"))
    night.hears(20_000, alarm=True)
    assert night.words == ["0 sos began"]


# -- what is gone, or another rule of the same name ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "reason"), [(rule("other"), REMOVED), (rule(event="alarm", release="60s"), REWRITTEN)]
)
def test_what_a_removed_rule_had_told_ends_with_a_reason(kinds: Kinds, after: dict[str, Any], reason: str) -> None:
    night = Night(kinds, rule(), rule("waits", hold="30s"))
    night.hears(0, lel_pct=12)
    night.takes_up(10_000, after)
    assert night.told[-1].evidence[0].quantity == REASON
    assert night.told[-1].evidence[0].value == reason
    assert night.words == ["0 r began", "10 r ended"]
    assert [wake for wake in night.engine.state.timers.heap if wake[1] in ("r", "waits")] == []
    night.passes(DAY)
    assert night.words == []


def test_a_rule_that_is_gone_owes_no_absence(kinds: Kinds) -> None:
    lost = {"name": "lost", "title": {"zh": "失联", "en": "lost"}, "kind": "any", "severity": "low", "ledger": "health"}
    night = Night(kinds, rule(), {**lost, "absent": {"after": "2h"}, "source": "test"})
    night.takes_up(HOUR, rule())
    assert night.engine.next_timer() is None
    night.passes(DAY)
    assert night.words == []


def test_two_rules_of_one_name_are_refused_and_nothing_has_changed(kinds: Kinds) -> None:
    night = Night(kinds, rule())
    night.hears(0, lel_pct=12)
    with pytest.raises(ValueError, match="one name"):
        night.engine.reload([*book(rule()), *book(rule())], T0)
    assert night.phase() == "firing"


# -- what is new --------------------------------------------------------------------------------------------------


def test_a_new_rule_about_silence_counts_it_from_now_on(kinds: Kinds) -> None:
    night = Night(kinds, rule())
    for minute in range(0, 600, 5):
        night.hears(minute * MINUTE, lel_pct=1)
    night.takes_up(10 * HOUR, rule(), rule("mute", absent={"quantity": "co_ppm", "after": "1h"}))
    assert night.words == []
    for minute in range(600, 720, 5):
        night.hears(minute * MINUTE, lel_pct=1)
    assert "39600 mute began" in night.words


def test_a_device_long_silent_is_missed_at_once_and_not_before(kinds: Kinds) -> None:
    night = Night(kinds, rule())
    night.takes_up(10 * HOUR, rule(), rule("lost", absent={"after": "1h"}))
    night.passes(10 * HOUR)
    assert night.words == ["36000 lost began"] * 4


def test_a_longer_window_keeps_what_was_measured(kinds: Kinds) -> None:
    night = Night(kinds, rule(when="max(lel_pct, 10m) >= 10 and seen(lel_pct, 10m) >= 5m"))
    for minute in range(0, 60):
        night.hears(minute * MINUTE, lel_pct=1)
    night.takes_up(HOUR, rule(when="max(lel_pct, 2h) >= 10 and seen(lel_pct, 2h) >= 10m"))
    night.hears(HOUR, lel_pct=12)
    assert night.words == ["3600 r began"]


def test_three_alarms_that_stand_are_gathered_by_a_rule_that_comes_later(kinds: Kinds) -> None:
    night = Night(kinds, rule())
    for number in range(3):
        night.hears(number * MINUTE, f"gas-{number}", lel_pct=12)
    assert night.words == ["0 r began", "60 r began", "120 r began"]
    night.takes_up(5 * MINUTE, rule(), gather())
    (found,) = night.told
    assert (found.id, found.now) == (f"many@1/building:b/{T0 + 2 * MINUTE}", T0 + 5 * MINUTE)
    assert found.late_ms == 3 * MINUTE


def test_a_gathering_that_asks_for_more_ends_when_there_are_not_so_many(kinds: Kinds) -> None:
    wanted = {"within": "10m", "parts": [{"rules": ["r"], "at_least": 4}]}
    night = Night(kinds, rule(release="30s"), gather())
    for number in range(3):
        night.hears(number * MINUTE, f"gas-{number}", lel_pct=12)
    night.takes_up(5 * MINUTE, rule(release="30s"), gather(gather=wanted))
    assert night.phase("many", "building/b") == "firing"
    for number in range(3):
        night.hears(6 * MINUTE, f"gas-{number}", lel_pct=1)
    night.passes(HOUR)
    assert night.words[-1] == "390 many ended"


def test_what_gathers_in_another_subject_is_another_rule(kinds: Kinds) -> None:
    night = Night(kinds, rule(), gather())
    for number in range(3):
        night.hears(number * MINUTE, f"gas-{number}", lel_pct=12)
    night.takes_up(5 * MINUTE, rule(), gather(of="household"))
    assert night.words[3:] == ["120 many began", "300 many ended"]
    assert list(night.engine.groups.rulesets) == ["household"]
    night.takes_up(6 * MINUTE, rule())
    assert night.engine.groups.states == {}


# -- shadow -------------------------------------------------------------------------------------------------------


def test_what_stands_in_shadow_is_told_when_the_shadow_goes(kinds: Kinds) -> None:
    night = Night(kinds, rule(shadow=True, release="60s"), gather())
    for number in range(3):
        night.hears(number * MINUTE, f"gas-{number}", lel_pct=12)
    night.hears(3 * MINUTE, "gas-3", lel_pct=12)
    night.hears(3 * MINUTE + 1, "gas-3", lel_pct=1)
    assert night.words == []
    night.takes_up(200_000, rule(release="60s"), gather())
    assert sorted(night.words) == ["200 many began", *["200 r began"] * 3]
    assert night.phase("r", "gas-3") == "quiet"


def test_a_silent_device_comes_out_of_the_shadow_as_silent(kinds: Kinds) -> None:
    night = Night(kinds, rule(shadow=True), rule("slow", shadow=True, hold="2d"))
    night.hears(0, lel_pct=12)
    night.takes_up(DAY, rule(), rule("slow", hold="2d"))
    assert night.words == ["86400 r began", "86400 r stale"]


def test_what_goes_into_shadow_ends_for_people_and_goes_on_unheard(kinds: Kinds) -> None:
    night = Night(kinds, rule(), gather(gather={"parts": [{"rules": ["r"], "at_least": 2}]}))
    for number in range(2):
        night.hears(number * MINUTE, f"gas-{number}", lel_pct=12)
    night.takes_up(5 * MINUTE, rule(shadow=True), gather(gather={"parts": [{"rules": ["r"], "at_least": 2}]}))
    ended = [finding for finding in night.told if finding.phase is FindingPhase.ENDED and finding.rule == "r"]
    assert [one.evidence[0].value for one in ended] == [SHADOWED, SHADOWED]
    night.told.clear()
    night.hears(6 * MINUTE, lel_pct=1)
    night.hears(6 * MINUTE, "gas-1", lel_pct=1)
    night.passes(HOUR)
    assert [word for word in night.words if " r " in word] == []
    assert night.engine.state.shadow_counts["r"]["ended"] == 2


# -- every book of the repository ---------------------------------------------------------------------------------

STRANGE = {
    "name": "strange", "title": {"zh": "无", "en": "none"}, "kind": "any", "severity": "low", "source": "test",
    "when": "max(battery_pct, 3h) > 900 and temp_c > 900 and usual(rssi_dbm) > 900",
}  # fmt: skip
MISSING = {
    "name": "missing", "title": {"zh": "无", "en": "none"}, "kind": "any", "severity": "low", "source": "test",
    "absent": {"quantity": "rssi_dbm", "after": "900d"},
}  # fmt: skip


def test_no_trial_ends_otherwise_when_rules_beside_it_come_and_go(
    books: Books, trials: dict[str, TrialBook], kinds: Kinds
) -> None:
    for number, (own, trial, scene) in enumerate(scenes(books, trials, kinds)):
        seen = {name: kinds[name] for name in sorted({device.kind for device in scene.devices} | {"gateway"})}
        plain = play_scenario(Engine(own, seen, scene.community, emit_shadow=True), scene)
        restless = Restless(own, seen, scene.community, emit_shadow=True)
        restless.rest, restless.heard = len(scene.batches) // 8 + 1, number
        renewed = play_scenario(restless, scene)
        assert as_expectations(plain, trial.rule) == as_expectations(renewed, trial.rule), trial.name
        assert [one.id for one in plain] == [one.id for one in renewed], trial.name


class Restless(Engine):
    """Now and then it takes up its books anew before it hears: with other rules beside them, or without."""

    rest, heard, turn = 1, 0, 0

    def feed(self, readings: Any, now: int, *rest: Any, **more: Any) -> list[Finding]:
        self.heard += 1
        findings = [] if self.heard % self.rest else self.tick(now - 1) + self._turned(now)
        return findings + super().feed(readings, now, *rest, **more)

    def _turned(self, now: int) -> list[Finding]:
        self.turn += 1
        beside = [[], [STRANGE], [MISSING], [STRANGE, MISSING]][self.turn % 4]
        own = [one for one in self.books if one.hazard != "test_beside"]
        added = [Rulebook.model_validate({"hazard": "test_beside", "rules": beside})] if beside else []
        return self.reload([*own, *added], now)


# -- books beside the state ---------------------------------------------------------------------------------------


def test_books_written_down_are_read_again_word_for_word(books: Books, kinds: Kinds) -> None:
    engine = Engine(list(books.values()), kinds, TOWN)
    assert rulebooks_in_checkpoint(engine.snapshot()) == list(books.values())
    assert dump_rulebooks(rulebooks_in_checkpoint(engine.snapshot())) == dump_rulebooks(books.values())


def test_a_state_is_restored_under_its_own_books_and_then_takes_up_the_new_ones(kinds: Kinds) -> None:
    night = Night(kinds, rule())
    night.hears(0, lel_pct=12)
    written = night.engine.snapshot()
    restored = Engine(rulebooks_in_checkpoint(written), kinds, TOWN)
    restored.restore(written)
    restored.register(GAS, T0)
    (ended,) = restored.reload(book(rule("other")), T0 + HOUR)
    assert (ended.id, ended.phase) == (f"r@1/gas-0/{T0}", FindingPhase.ENDED)


def test_the_difference_of_books_names_rules() -> None:
    before, after = book(rule(), rule("a")), book(rule(hold="1s"), rule("b"))
    found = diff_rulebooks(before, after)
    assert (found.added, found.removed, found.changed, found.is_empty) == (("b",), ("a",), ("r",), False)
    assert found.unversioned == ("r",)
    assert diff_rulebooks(before, book(rule(hold="1s"), version=2)).unversioned == ()
    assert diff_rulebooks(before, before).is_empty
