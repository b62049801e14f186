"""Which rules are compiled for which kind, and what is compiled once for all engines."""

from __future__ import annotations

from domain.kind import Kind
from rules.compiled.ruleset import compile_group_rules, compile_rulebooks
from tests.support.rule_builders import book, building_group, rule


def test_a_rule_of_any_kind_is_compiled_for_the_kinds_that_have_its_quantities(kinds: dict[str, Kind]) -> None:
    flat = book(rule("flat", kind="any", when="battery_pct < 5"), rule("hot", kind="any", when="lel_pct > 9"))
    rulesets = compile_rulebooks([flat], kinds)
    assert rulesets.keys() == kinds.keys()
    for name, ruleset in rulesets.items():
        expected = [
            of for of, asked in (("flat", "battery_pct"), ("hot", "lel_pct")) if asked in kinds[name].quantities
        ]
        assert sorted(ruleset.by_name) == expected, name


def test_engines_of_the_same_rulebooks_share_compiled_rules_and_no_ruleset(kinds: dict[str, Kind]) -> None:
    gas = book(rule("r", when="lel_pct > 9"), building_group("r"))
    first, second = compile_rulebooks([gas], kinds), compile_rulebooks([gas], kinds)
    assert first["gas_alarm"].by_name["r"] is second["gas_alarm"].by_name["r"]
    assert first["gas_alarm"] is not second["gas_alarm"], "what a ruleset keeps of a community is its engine's"
    of_building, again = compile_group_rules([gas]), compile_group_rules([gas])
    assert of_building["building"].by_name["many"] is again["building"].by_name["many"]


def test_rules_are_in_the_order_of_the_rulebooks_that_are_given(kinds: dict[str, Kind]) -> None:
    own, other = book(rule("r", when="lel_pct > 9 and not finding.s")), book(rule("s", when="fault"))
    assert [*compile_rulebooks([own], kinds)["gas_alarm"].by_name] == ["r"]
    assert [*compile_rulebooks([own, other], kinds)["gas_alarm"].by_name] == ["s", "r"]
