"""Geometry of places: types and the depth of their coordinates."""

from __future__ import annotations

from typing import get_args

from domain.geometry import DEPTH, GeometryType


def test_every_type_has_a_depth() -> None:
    assert set(DEPTH) == set(get_args(GeometryType))
