"""Misspelt and foreign words in a rulebook and its trials: each is found where it stands, with what to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from app.cli.main import main
from app.config.catalog import load_wording
from app.config.faults import ConfigError
from app.rule_tools.check import check_files
from domain import Fault
from domain.kind import Kind
from rules.language.parser import parse
from rules.language.tokens import ExpressionError
from rules.rulebook.attributes import KNOWN_ATTRIBUTES, suggested_attribute
from rules.rulebook.check import check
from rules.rulebook.model import Rulebook
from rules.rulebook.references import check_references
from rules.rulebook.warnings import warn
from rules.trials.check import check_trials
from rules.trials.model import TrialBook

Kinds = dict[str, Kind]


def rule(name: str = "r", **more: Any) -> dict[str, Any]:
    whole = {"name": name, "title": {"zh": "甲", "en": "x"}, "severity": "high", "source": "s", **more}
    return whole if "gather" in more else {"kind": "gas_alarm", "when": "lel_pct >= 10", **whole}


def book(*rules: dict[str, Any], hazard: str = "gas") -> Rulebook:
    return Rulebook.model_validate({"hazard": hazard, "rules": list(rules)})


def warned(kinds: Kinds, *rules: dict[str, Any]) -> list[Fault]:
    return warn(book(*rules), kinds)


# -- operands that stay unknown -------------------------------------------------------------------------------------

FAULT = "a device that does not report fault leaves this unknown, and the rule never begins"
BOTH = "a device that reports lel_pct and not co_ppm leaves this unknown"
UNWRITTEN = "where nobody wrote device.use this is unknown"


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("lel_pct >= 10 and not fault", FAULT),
        ("not fault and lel_pct >= 10", FAULT),
        ("lel_pct >= 10 and not (fault or alarm and co_ppm > 3)", FAULT),
        ("lel_pct >= 10 and not (co_ppm > 60)", "write default(co_ppm, 0), or known(co_ppm)"),
        ("lel_pct >= 10 and not (mean(co_ppm, 1h) > 60)", "does not report co_ppm"),
        ("lel_pct >= 10 and fault == false", "reports lel_pct and not fault"),
        ("lel_pct >= 10 and co_ppm > 3", BOTH),
        ("alarm or lel_pct >= 10 and co_ppm > 3", BOTH),
        ("lel_pct >= device.use", UNWRITTEN),
        ("alarm or lel_pct >= device.use", UNWRITTEN),
        ("lel_pct >= 10 and device.use != 'catering'", UNWRITTEN),
        ("lel_pct >= 10 and not (device.use == 'catering')", UNWRITTEN),
        ("lel_pct >= 10 and time.date <= device.use", UNWRITTEN),
    ],
)
def test_an_operand_that_may_stay_unknown_is_warned_of(when: str, message: str, kinds: Kinds) -> None:
    found = warned(kinds, rule(when=when))
    assert next((fault.where, message in fault.message) for fault in found) == (("rules", 0, "when"), True)
    assert check(book(rule(when=when)), kinds) == []


@pytest.mark.parametrize(
    "when",
    [
        "lel_pct >= 10 and not default(fault, false)",
        "known(fault) and lel_pct >= 10 and not fault",
        "lel_pct >= 10 and known(co_ppm) and mean(co_ppm, 1h) > 3",
        "not fault",
        "not not alarm or lel_pct > 3",
        "lel_pct >= default(device.use, 10)",
        "known(device.use) and lel_pct >= device.use",
        "lel_pct >= 10 and not device.use and not finding.s",
        "lel_pct - co_ppm > 3",
        "abs(lel_pct) > 3",
        "lel_pct >= 10 and not (time.hour > 3)",
    ],
)
def test_what_says_what_is_meant_is_not_warned_of(when: str, kinds: Kinds) -> None:
    assert warned(kinds, rule(when=when), rule("s")) == []


def test_what_keeps_a_finding_from_ending_is_warned_of_too(kinds: Kinds) -> None:
    (clear,) = warned(kinds, rule(clear="lel_pct < 5 and not fault"))
    assert (clear.where, "it never ends" in clear.message) == (("rules", 0, "clear"), True)
    (aged,) = warned(kinds, rule(only_if="person.age >= 60"))
    assert (aged.where, "person.age" in aged.message) == (("rules", 0, "only_if"), True)
    press = {"kind": "wristband", "when": None, "event": "sos", "release": "1m"}
    (back,) = warned(kinds, rule(**press, cancel={"when": "worn and not sos", "within": "1m"}))
    assert (back.where, "never taken back" in back.message) == (("rules", 0, "cancel", "when"), True)
    graded = {"severity": "critical", "when": "lel_pct > 30 and not alarm"}
    assert [fault.where for fault in warned(kinds, rule(grades=[graded]))] == [("rules", 0, "grades", 0, "when")]


def test_a_rule_that_hears_of_one_in_shadow_and_a_record_nobody_asks_for_are_warned_of(kinds: Kinds) -> None:
    (shadowed,) = warned(kinds, rule(only_if="not finding.s"), rule("s", shadow=True))
    assert shadowed.message == "s is in shadow, and what it finds counts for no other rule: take it out of shadow"
    assert warned(kinds, rule(only_if="not finding.s", shadow=True), rule("s", shadow=True)) == []
    assert [fault.where for fault in warned(kinds, rule(record=True))] == [("rules", 0, "record")]
    assert warned(kinds, rule(only_if="not finding.s"), rule("s", record=True)) == []


def test_a_misspelt_attribute_or_hazard_is_warned_of(kinds: Kinds) -> None:
    (alone,) = warned(kinds, rule(only_if="person.lives_allone"))
    assert alone.message == "no other rule asks for person.lives_allone: did you mean person.lives_alone?"
    (owner,) = warned(kinds, rule(only_if="device.lives_alone"))
    assert owner.message.endswith("did you mean person.lives_alone?")
    (hazard,) = warn(book(rule(), hazard="gass"), kinds, (), {"gas", "fire"})
    assert (hazard.where, hazard.message) == (("hazard",), "messages have no words for gass: write gas")
    assert warn(book(rule(), hazard="noise"), kinds, (), {"gas"}) == []


def test_the_built_in_books_have_no_warning_and_ask_only_for_attributes_that_are_known(
    books: dict[str, Rulebook], kinds: Kinds
) -> None:
    hazards = {text.hazard for text in load_wording().sms}
    every = list(books.values())
    assert [fault for one in every for fault in warn(one, kinds, [b for b in every if b is not one], hazards)] == []
    assert suggested_attribute("finding", "gas_alarms") is None
    assert KNOWN_ATTRIBUTES["person"] >= {"lives_alone", "age"}


# -- findings that nobody sees --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "seen"),
    [
        (rule(only_if="not finding.s"), rule("s"), True),
        (rule(only_if="not finding.s"), rule("s", kind="door", when="opened"), False),
        (rule(when="lel_pct > 3 and finding.s"), rule("s", kind=["door", "gas_alarm"], when="tamper"), True),
        (rule(when="lel_pct > 3 and finding.s"), rule("s", kind="any", when="tamper"), True),
        (rule(kind="any", when="tamper and finding.s"), rule("s"), True),
        (
            rule(only_if="finding.s"),
            rule("s", of="building", gather={"parts": [{"rules": ["r2"], "at_least": 2}]}),
            True,
        ),
        (
            rule(of="building", only_if="finding.s", gather={"parts": [{"rules": ["s"], "at_least": 2}]}),
            rule("s"),
            False,
        ),
    ],
)
def test_a_finding_about_other_devices_is_never_true_and_refused(
    one: dict[str, Any], other: dict[str, Any], seen: bool
) -> None:
    found = [fault.message for _, fault in check_references([book(one, other, rule("r2"))])]
    assert [message for message in found if "never about" in message] == ([] if seen else found)
    assert (found == []) is seen
    assert seen or "gather" in found[0]


def test_a_finding_may_be_written_as_the_rule_is_called(kinds: Kinds) -> None:
    assert parse("finding.gas-alarm and not finding.x-2-y") == parse("finding.gas_alarm and not finding.x_2_y")
    assert check_references([book(rule(only_if="not finding.gas-building"), rule("gas-building"))]) == []
    with pytest.raises(ExpressionError):
        parse("finding.gas-")


def test_an_event_that_asks_for_a_finding_nobody_makes_is_found(kinds: Kinds) -> None:
    pressed = rule(kind="wristband", when=None, event="sos and not finding.nobody", release="1m")
    ((_, fault),) = check_references([book(pressed)])
    assert "no rule nobody in any book" in fault.message


def test_a_question_no_report_can_answer_is_refused(kinds: Kinds) -> None:
    for more in ({"when": "person.ill"}, {"when": None, "event": "finding.s", "release": "1m"}):
        (fault,) = check(book(rule(**more)), kinds)
        assert "asks for nothing the device reports" in fault.message
    (fault,) = check(book(rule(only_if="time.hour + 3")), kinds)
    assert "is a value, not a condition" in fault.message


def test_what_is_gathered_cannot_be_missing_at_once(kinds: Kinds) -> None:
    both = {"parts": [{"rules": ["s"]}], "without": ["s"]}
    (fault,) = check(book(rule(of="building", gather=both), rule("s")), kinds)
    assert fault.message == "s is also a part: it cannot be there and not be there"


# -- words of other tools -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("for: 5m", "for: is not known here: write hold"),
        ("expr: lel_pct > 3", "expr: is not known here: write when"),
        ("threshold: 10", "threshold: is not known here: write when, for example when: lel_pct >= 10"),
        ("duration: 5m", "write hold"),
        ("debounce: 5m", "write hold, and release for the end"),
        ("repeat_interval: 5m", "write a ladder in ladders.yaml"),
        ("labels: {a: b}", "write severity, ledger"),
        ("group_by: [building]", "write of and gather"),
        ("relase: 5m", "is not known here: write `release`"),
        ("hold： 5m", "not YAML"),
        ("hold: 5分钟", "not a duration: '5分钟'"),
        ("hold: 22:30", "not a duration: '22:30'"),
        ("ledger: 维保", "'danger' or 'health': write health"),
        ("of: home", "write household"),
        ("only_if: time.minute ＞＝ 22:30", "'＞' means nothing here: it is full-width, write >"),
        ("only_if: time.minute >= 1350 && time.workday", "'&' means nothing here: write and"),
        ("only_if: time.workday 且 time.holiday", "'且' means nothing here: write and"),
        ("only_if: time.workday AND time.holiday", "'AND' follows a complete condition: write and"),
        ("only_if: NOT time.holiday", "'NOT' means nothing here: write not"),
        ("only_if: device.use == “catering”", "'“' means nothing here: write 'text'"),
        ("only_if: 燃气 == 3", "'燃' means nothing here: names are written as in the kind, for example lel_pct"),
        ("zzzzzz: 3", "is not known here: remove it or correct its name"),
    ],
)
def test_a_word_of_another_tool_is_answered_with_ours(line: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "noise.yaml"
    text = "hazard: gas\nrules:\n- name: r\n  title: {zh: 甲, en: x}\n  kind: gas_alarm\n  severity: high\n"
    file.write_text(f"{text}  when: lel_pct >= 10\n  source: s\n  {line}\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        check_files([file])
    found = [str(fault) for fault in caught.value.faults if said in str(fault)]
    assert found, caught.value
    assert found[0].startswith(f"{file}:9:") or "not YAML" in found[0]


@pytest.mark.parametrize(("written", "meant_"), [("hihg", "high"), ("紧急", "critical"), ("warning", "medium")])
def test_a_severity_by_another_name_is_answered_with_ours(written: str, meant_: str, tmp_path: Path) -> None:
    file = tmp_path / "noise.yaml"
    text = f"hazard: gas\nrules:\n- name: r\n  title: {{zh: 甲, en: x}}\n  kind: gas_alarm\n  severity: {written}\n"
    file.write_text(f"{text}  when: lel_pct >= 10\n  source: s\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        check_files([file])
    assert [f"write {meant_}" in str(fault) for fault in caught.value.faults] == [True]


def test_a_trial_that_sets_a_misspelt_attribute_is_found(kinds: Kinds) -> None:
    written = {
        "name": "x", "rule": "r", "every": "10s", "expect": [], "readings": {"lel_pct": "3"},
        "person": {"live_alone": True}, "device": {"usee": "x"}, "place": {"roof": "flat"},
    }  # fmt: skip
    many = {"door": {"kind": "gas_alarm", "attributes": {"limt_pct": 3}, "readings": {"lel_pct": "3"}}}
    other = {"name": "y", "rule": "r", "every": "10s", "expect": [], "devices": many}
    found = check_trials(
        TrialBook.model_validate({"trials": [written, other]}), book(rule(only_if="device.use")), kinds
    )
    assert [(fault.where[2:], fault.message.split("did you mean ")[1]) for fault in found] == [
        (("person", "live_alone"), "person.lives_alone?"),
        (("device", "usee"), "device.use?"),
        (("devices", "door", "attributes", "limt_pct"), "device.limit_pct?"),
    ]


def test_the_command_prints_warnings_at_their_place_and_is_content(tmp_path: Path) -> None:
    """An example of our own manual never began for a device without a fault bit, and nobody said so."""
    file = tmp_path / "noise.yaml"
    file.write_text(yaml.safe_dump({"hazard": "gas", "rules": [rule(when="lel_pct >= 10 and not fault")]}), "utf-8")
    shown = CliRunner().invoke(main, ["rules", "check", str(file)])
    assert shown.exit_code == 0
    assert f"warning: {file}:" in shown.output
    assert "write default(fault, false), or known(fault) where it must be reported" in shown.output
    told = CliRunner().invoke(main, ["rules", "check", "--json", str(file)])
    assert '"field":"rules.0.when"' in told.output.replace(" ", "")
