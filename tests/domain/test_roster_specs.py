"""Specs of rotations: what is accepted, and that a rotation is written as it is read."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from domain import DayType
from domain.roster_specs import RotationSpec, rotation_view
from domain.rosters import Handover, Rotation, RotationLayer, Shift

ids = st.sampled_from(("w1", "w2", "w3"))
minutes = st.integers(0, 1439)
shifts = st.builds(
    Shift,
    st.sampled_from(("", "早", "夜")),
    minutes,
    st.integers(1, 7 * 1440),
    st.sets(st.integers(1, 7)).map(lambda days: tuple(sorted(days))),
    st.lists(st.sampled_from(DayType), unique=True).map(tuple),
)
handovers = st.builds(
    Handover, st.dates(date(2020, 1, 1), date(2030, 1, 1)), minutes, st.integers(1, 99), st.none()
) | st.builds(Handover, st.just(date(2026, 1, 1)), minutes, st.sampled_from((7, 14)), st.integers(1, 7))
layers = st.builds(
    RotationLayer,
    st.integers(0, 99),
    st.lists(st.lists(ids, min_size=1, max_size=2, unique=True).map(tuple), min_size=1, max_size=4).map(tuple),
    st.lists(shifts, min_size=1, max_size=3).map(tuple),
    handovers,
)
rotations = st.builds(
    Rotation,
    st.just("r"),
    st.just("轮班"),
    st.lists(ids, min_size=1, unique=True).map(tuple),
    st.just("worker"),
    st.lists(layers, min_size=1, max_size=2).map(tuple),
    st.sampled_from(((), ("fire", "gas"))),
)


@given(rotations)
def test_a_rotation_is_written_as_it_is_read(rotation: Rotation) -> None:
    assert RotationSpec.model_validate(rotation_view(rotation)).value(None, None) == rotation
