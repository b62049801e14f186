"""Objects, lists and alarm objects become plain fields."""

from __future__ import annotations

from typing import Any

import pytest

from ingest.mappings.value_shapes import flatten


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"a.type": "SMOKE", "a.active": False}, []),
        ({"a.active": True}, [("a", True)]),
        ({"alarms": [{"type": "SMOKE", "active": True}]}, [("alarms", "SMOKE")]),
        ({"a": {}, "b": [], "c": [1, {}]}, [("a", {}), ("b", []), ("c", [1, {}])]),
        ({"x.y": 1}, [("x.y", 1)]),
    ],
)
def test_shapes_become_plain_fields(fields: dict[str, Any], expected: list[tuple[str, object]]) -> None:
    assert expected == flatten(fields)
