"""Rotations as people write them: what is wrong is named with what to write instead."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from domain.roster_specs import HandoverSpec, LayerSpec, ShiftSpec
from domain.specs import PersonSpec


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"from": "08:00"}, "needs `to` or `length`, not both"),
        ({"from": "08:00", "to": "16:00", "length": "8h"}, "needs `to` or `length`, not both"),
        ({"from": "08:00", "length": "30d"}, "is no length of a shift: write 8h"),
    ],
)
def test_a_shift_needs_an_end_or_a_length(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ShiftSpec.model_validate(fields)


def test_a_shift_has_the_minutes_until_its_end_on_the_next_day_or_of_its_length() -> None:
    assert ShiftSpec.model_validate({"from": "22:00", "to": "06:00"}).value().minutes == 480
    assert ShiftSpec.model_validate({"from": "22:00", "to": "22:00"}).value().minutes == 1440
    assert ShiftSpec.model_validate({"from": "22:00", "length": "36h"}).value().minutes == 2160


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"every": "monthly"}, "is no interval of handovers: write 1d, 7d, 1w or 2w"),
        ({"every": "2d", "weekday": 1}, "a weekday goes with weeks only"),
    ],
)
def test_a_handover_names_what_to_write(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        HandoverSpec.model_validate(fields)


def test_an_address_of_a_person_is_of_its_kind() -> None:
    assert PersonSpec(id="li", name="李", addresses={"email": "li@example.org"}).value().addresses == {
        "email": "li@example.org"
    }
    with pytest.raises(ValidationError):
        PersonSpec(id="li", name="李", addresses={"email": "no address"})


def test_the_start_of_a_layer_is_a_date() -> None:
    layer = {"members": ["a"], "start": "2026-11-31", "handover": {"every": "1d"}}
    with pytest.raises(ValidationError, match="'2026-11-31' is not a date: write 2026-11-30"):
        LayerSpec.model_validate(layer)
