"""Paths and placeholders of the generic gateway."""

from __future__ import annotations

import doctest

from hypothesis import given
from hypothesis import strategies as st

from alerts.channels import json_paths
from alerts.channels.json_paths import filled, placeholders, text_at, value_at

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
    max_leaves=8,
)


def test_the_examples_hold() -> None:
    assert doctest.testmod(json_paths).failed == 0
    assert placeholders(7) == set()
    assert text_at({"a": {}}, "a") == ""
    assert filled(5, {}) == 5


@given(JSON, st.text("ab01.", max_size=6))
def test_any_path_into_any_document_is_a_value_or_none(document: object, path: str) -> None:
    value_at(document, path)
    assert isinstance(text_at(document, path), str)
