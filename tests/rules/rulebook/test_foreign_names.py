"""Misspelt names and names of other tools in rulebooks and trials: found with their position and a suggestion."""

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
    fields = {"name": name, "title": {"zh": "甲", "en": "x"}, "severity": "high", "source": "s", **more}
    return fields if "gather" in more else {"kind": "gas_alarm", "when": "lel_pct >= 10", **fields}


def book(*rules: dict[str, Any], hazard: str = "gas") -> Rulebook:
    return Rulebook.model_validate({"hazard": hazard, "rules": list(rules)})


def warnings_of(kinds: Kinds, *rules: dict[str, Any]) -> list[Fault]:
    return warn(book(*rules), kinds)


# -- operands that may be unknown -----------------------------------------------------------------------------------

MISSING_FAULT = "a device that does not report fault leaves this unknown, and the rule never begins"
MISSING_CO = "a device that reports lel_pct and not co_ppm leaves this unknown"
MISSING_ATTRIBUTE = "where nobody wrote device.use this is unknown"


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("lel_pct >= 10 and not fault", MISSING_FAULT),
        ("not fault and lel_pct >= 10", MISSING_FAULT),
        ("lel_pct >= 10 and not (fault or alarm and co_ppm > 3)", MISSING_FAULT),
        ("lel_pct >= 10 and not (co_ppm > 60)", "write default(co_ppm, 0), or known(co_ppm)"),
        ("lel_pct >= 10 and not (mean(co_ppm, 1h) > 60)", "does not report co_ppm"),
        ("lel_pct >= 10 and fault == false", "reports lel_pct and not fault"),
        ("lel_pct >= 10 and co_ppm > 3", MISSING_CO),
        ("alarm or lel_pct >= 10 and co_ppm > 3", MISSING_CO),
        ("lel_pct >= device.use", MISSING_ATTRIBUTE),
        ("alarm or lel_pct >= device.use", MISSING_ATTRIBUTE),
        ("lel_pct >= 10 and device.use != 'catering'", MISSING_ATTRIBUTE),
        ("lel_pct >= 10 and not (device.use == 'catering')", MISSING_ATTRIBUTE),
        ("lel_pct >= 10 and time.date <= device.use", MISSING_ATTRIBUTE),
    ],
)
def test_an_operand_that_may_be_unknown_gives_a_warning(when: str, message: str, kinds: Kinds) -> None:
    found = warnings_of(kinds, rule(when=when))
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
def test_an_explicit_condition_gives_no_warning(when: str, kinds: Kinds) -> None:
    assert warnings_of(kinds, rule(when=when), rule("s")) == []


def test_a_condition_that_may_never_end_a_finding_gives_a_warning(kinds: Kinds) -> None:
    (clear_warning,) = warnings_of(kinds, rule(clear="lel_pct < 5 and not fault"))
    assert (clear_warning.where, "it never ends" in clear_warning.message) == (("rules", 0, "clear"), True)
    (age_warning,) = warnings_of(kinds, rule(only_if="person.age >= 60"))
    assert (age_warning.where, "person.age" in age_warning.message) == (("rules", 0, "only_if"), True)
    event_fields = {"kind": "wristband", "when": None, "event": "sos", "release": "1m"}
    (cancel_warning,) = warnings_of(kinds, rule(**event_fields, cancel={"when": "worn and not sos", "within": "1m"}))
    assert (cancel_warning.where, "never taken back" in cancel_warning.message) == (
        ("rules", 0, "cancel", "when"),
        True,
    )
    graded = {"severity": "critical", "when": "lel_pct > 30 and not alarm"}
    assert [fault.where for fault in warnings_of(kinds, rule(grades=[graded]))] == [("rules", 0, "grades", 0, "when")]


def test_a_reference_to_a_rule_in_shadow_and_an_unused_record_give_a_warning(kinds: Kinds) -> None:
    (shadowed,) = warnings_of(kinds, rule(only_if="not finding.s"), rule("s", shadow=True))
    assert shadowed.message == "s is in shadow, and what it finds counts for no other rule: take it out of shadow"
    assert warnings_of(kinds, rule(only_if="not finding.s", shadow=True), rule("s", shadow=True)) == []
    assert [fault.where for fault in warnings_of(kinds, rule(record=True))] == [("rules", 0, "record")]
    assert warnings_of(kinds, rule(only_if="not finding.s"), rule("s", record=True)) == []


def test_a_misspelt_attribute_or_hazard_gives_a_warning(kinds: Kinds) -> None:
    (alone,) = warnings_of(kinds, rule(only_if="person.lives_allone"))
    assert alone.message == "no other rule asks for person.lives_allone: did you mean person.lives_alone?"
    (owner,) = warnings_of(kinds, rule(only_if="device.lives_alone"))
    assert owner.message.endswith("did you mean person.lives_alone?")
    (hazard,) = warn(book(rule(), hazard="gass"), kinds, (), {"gas", "fire"})
    assert (hazard.where, hazard.message) == (("hazard",), "messages have no words for gass: write gas")
    assert warn(book(rule(), hazard="noise"), kinds, (), {"gas"}) == []


def test_the_built_in_rulebooks_have_no_warning_and_use_known_attributes_only(
    books: dict[str, Rulebook], kinds: Kinds
) -> None:
    hazards = {text.hazard for text in load_wording().sms}
    all_books = list(books.values())
    assert [
        fault for book in all_books for fault in warn(book, kinds, [b for b in all_books if b is not book], hazards)
    ] == []
    assert suggested_attribute("finding", "gas_alarms") is None
    assert KNOWN_ATTRIBUTES["person"] >= {"lives_alone", "age"}


# -- references to findings about other devices ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule_fields", "other_fields", "is_visible"),
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
def test_a_reference_to_a_finding_about_other_devices_is_refused(
    rule_fields: dict[str, Any], other_fields: dict[str, Any], is_visible: bool
) -> None:
    found = [fault.message for _, fault in check_references([book(rule_fields, other_fields, rule("r2"))])]
    assert [message for message in found if "never about" in message] == ([] if is_visible else found)
    assert (found == []) is is_visible
    assert is_visible or "gather" in found[0]


def test_a_finding_may_be_written_as_the_rule_is_named(kinds: Kinds) -> None:
    assert parse("finding.gas-alarm and not finding.x-2-y") == parse("finding.gas_alarm and not finding.x_2_y")
    assert check_references([book(rule(only_if="not finding.gas-building"), rule("gas-building"))]) == []
    with pytest.raises(ExpressionError):
        parse("finding.gas-")


def test_an_event_with_a_reference_to_an_unknown_rule_is_refused(kinds: Kinds) -> None:
    event_rule = rule(kind="wristband", when=None, event="sos and not finding.nobody", release="1m")
    ((_, fault),) = check_references([book(event_rule)])
    assert "no rule nobody in any book" in fault.message


def test_a_condition_without_a_reported_quantity_is_refused(kinds: Kinds) -> None:
    for more in ({"when": "person.ill"}, {"when": None, "event": "finding.s", "release": "1m"}):
        (fault,) = check(book(rule(**more)), kinds)
        assert "asks for nothing the device reports" in fault.message
    (fault,) = check(book(rule(only_if="time.hour + 3")), kinds)
    assert "is a value, not a condition" in fault.message


def test_a_rule_cannot_be_required_and_excluded_by_one_group(kinds: Kinds) -> None:
    both = {"parts": [{"rules": ["s"]}], "without": ["s"]}
    (fault,) = check(book(rule(of="building", gather=both), rule("s")), kinds)
    assert fault.message == "s is also a part: it cannot be there and not be there"


# -- names of other tools -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
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
def test_a_name_of_another_tool_is_answered_with_ours(line: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "noise.yaml"
    text = "hazard: gas\nrules:\n- name: r\n  title: {zh: 甲, en: x}\n  kind: gas_alarm\n  severity: high\n"
    file.write_text(f"{text}  when: lel_pct >= 10\n  source: s\n  {line}\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        check_files([file])
    found = [str(fault) for fault in caught.value.faults if message in str(fault)]
    assert found, caught.value
    assert found[0].startswith(f"{file}:9:") or "not YAML" in found[0]


@pytest.mark.parametrize(("written", "expected"), [("hihg", "high"), ("紧急", "critical"), ("warning", "medium")])
def test_a_severity_by_another_name_is_answered_with_ours(written: str, expected: str, tmp_path: Path) -> None:
    file = tmp_path / "noise.yaml"
    text = f"hazard: gas\nrules:\n- name: r\n  title: {{zh: 甲, en: x}}\n  kind: gas_alarm\n  severity: {written}\n"
    file.write_text(f"{text}  when: lel_pct >= 10\n  source: s\n", "utf-8")
    with pytest.raises(ConfigError) as caught:
        check_files([file])
    assert [f"write {expected}" in str(fault) for fault in caught.value.faults] == [True]


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


def test_the_command_prints_warnings_with_their_position_and_succeeds(tmp_path: Path) -> None:
    """An example of our own manual never began for a device without a fault bit, without a warning."""
    file = tmp_path / "noise.yaml"
    file.write_text(yaml.safe_dump({"hazard": "gas", "rules": [rule(when="lel_pct >= 10 and not fault")]}), "utf-8")
    result = CliRunner().invoke(main, ["rules", "check", str(file)])
    assert result.exit_code == 0
    assert f"warning: {file}:" in result.output
    assert "write default(fault, false), or known(fault) where it must be reported" in result.output
    json_result = CliRunner().invoke(main, ["rules", "check", "--json", str(file)])
    assert '"field":"rules.0.when"' in json_result.output.replace(" ", "")
