"""JSON merge patch: the examples of RFC 7396, appendix A."""

from __future__ import annotations

from typing import Any

import pytest

from console.http.entity_tags import entity_tag, merge_patch


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


def test_the_tag_changes_with_the_record_and_the_key() -> None:
    tags = {entity_tag(b"k", {"a": 1}), entity_tag(b"k", {"a": 2}), entity_tag(b"l", {"a": 1})}
    assert len(tags) == 3
    assert entity_tag(b"k", {"a": 1, "b": 2}) == entity_tag(b"k", {"b": 2, "a": 1})
