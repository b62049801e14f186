"""Values of typed keywords: the provider's own rules find no fault in what is sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from alerts.messages.keywords import KeywordTemplate, fitted, template_for
from simulators.providers.wechat.templates import data_fault

KINDS = ("thing", "number", "letter", "character_string", "phone_number", "phrase", "name", "const")


@given(st.sampled_from(KINDS), st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_a_fitted_value_is_accepted_by_the_provider(kind: str, value: str) -> None:
    content = f"x：{{{{{kind}3.DATA}}}}"
    assert data_fault(content, {f"{kind}3": {"value": fitted(f"{kind}3", value)}}) is None


def test_the_template_of_a_kind_goes_before_the_one_for_any() -> None:
    any_kind, taken = KeywordTemplate("A", {}), KeywordTemplate("B", {})
    assert template_for({"*": any_kind, "taken": taken}, "taken") is taken
    assert template_for({"*": any_kind}, "taken") is any_kind
    assert template_for({}, "taken") is None
    assert fitted("time2", "2026-01-02 14:05") == "2026-01-02 14:05"
