"""The plan of the stages, and the keys of devices that must be evaluated together."""

from __future__ import annotations

from domain import Device, Person, Place
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.hosts.keyed.stages import plan_stages, subject_keys
from rules.rulebook.model import Rulebook


def book(*rules: dict[str, object]) -> Rulebook:
    common = {"severity": "high", "source": "test", "title": {"zh": "试", "en": "test"}}
    return Rulebook.model_validate({"hazard": "gas", "version": 1, "rules": [{**common, **rule} for rule in rules]})


def gathering(name: str, of: str, rule: str, **more: object) -> dict[str, object]:
    return {"name": name, "of": of, "gather": {"parts": [{"rules": [rule], "at_least": 2}]}, **more}


LEAK = {"name": "leak", "kind": "gas_alarm", "when": "lel_pct > 20"}


def test_buildings_and_lines_of_the_built_in_books_are_evaluated_in_the_second_stage(
    books: dict[str, Rulebook],
) -> None:
    plan = plan_stages(list(books.values()))
    assert plan.group_types == ("building", "line")
    assert plan.gathered_in["gas-alarm"] == ("building",)
    assert {rule.of for one in plan.first_stage for rule in one.rules} == {"device", "person", "household"}


def test_a_group_whose_finding_a_device_rule_reads_stays_with_the_devices() -> None:
    reader = {"name": "quiet", "kind": "gas_alarm", "when": "lel_pct > 10", "only_if": "not finding.leaks"}
    plan = plan_stages([book(LEAK, gathering("leaks", "building", "leak"), reader)])
    assert plan.group_types == ()


def test_a_group_that_is_gathered_in_a_larger_one_stays_with_the_devices() -> None:
    plan = plan_stages([book(LEAK, gathering("leaks", "building", "leak"), gathering("wide", "cell", "leaks"))])
    assert plan.group_types == ("cell",)
    assert plan.gathered_in == {"leaks": ("cell",)}


def test_a_group_that_asks_for_the_finding_of_another_stays_with_it() -> None:
    asking = gathering("wide", "cell", "leak", only_if="not finding.leaks")
    plan = plan_stages([book(LEAK, gathering("leaks", "building", "leak"), asking)])
    assert plan.group_types == ()


def test_rules_of_one_group_may_read_each_other() -> None:
    asking = gathering("more", "building", "leak", only_if="not finding.leaks")
    chatter: dict[str, object] = {"name": "flapping", "kind": "gas_alarm", "release": "1h"}
    chatter["chatter"] = {"rules": ["leak"], "times": 3, "within": "1h"}
    plan = plan_stages([book(LEAK, gathering("leaks", "building", "leak"), asking, chatter)])
    assert plan.group_types == ("building",)


def test_devices_of_a_household_and_behind_a_gateway_have_one_key(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    town = community(
        [Place("b", "1栋", "building"), Place("h", "101", "household", parent="b")],
        people=[Person("li", "李", home="h")],
    )
    devices = [
        Device("door-1", "door", place="h"),
        Device("band-1", "wristband", attributes={"person": "li"}),
        Device("cover-1", "manhole", attributes={"gateway": "gw-1"}),
        Device("cover-2", "manhole", attributes={"gateway": "gw-1"}),
        Device("cover-3", "manhole"),
    ]
    keys = subject_keys(devices, Engine(plan_stages(list(books.values())).first_stage, kinds, town), town)
    assert keys == {
        "door-1": "household/h",
        "band-1": "household/h",
        "cover-1": "gw-1",
        "cover-2": "gw-1",
        "gw-1": "gw-1",
        "cover-3": "cover-3",
    }
