"""Specs of the registry's records: the value of a valid record, and the message for an invalid field."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from domain import Cell, Device, Duty, Identity, Person, Place
from domain.specs import CellSpec, DeviceSpec, DutySpec, PersonSpec, PlaceSpec, Spec


def test_every_record_becomes_its_value() -> None:
    device = DeviceSpec.model_validate({"id": "g", "kind": "gas_alarm", "identities": [{"platform": "tts", "id": "a"}]})
    duty = DutySpec.model_validate({"id": "1", "cell": "c", "role": "worker", "person": "li", "from": "20:00"})

    assert device.value() == Device("g", "gas_alarm", identities=(Identity("tts", "a"),))
    assert PlaceSpec(id="b", name="1栋", level="building").value() == Place("b", "1栋", "building")
    assert CellSpec(id="c", name="一格", level="grid").value() == Cell("c", "一格", "grid")
    assert PersonSpec(id="li", name="李伟", phone="+8613800138000").value() == Person("li", "李伟", "+8613800138000")
    assert duty.value(5, None) == Duty("1", "c", "worker", "li", from_minute=1200, to_minute=1440, since=5)


@pytest.mark.parametrize(
    ("spec", "written", "fault"),
    [
        (CellSpec, {"id": "a/b", "name": "x", "level": "grid"}, "cannot be an id"),
        (CellSpec, {"id": "", "name": "x", "level": "grid"}, "cannot be an id"),
        (PersonSpec, {"id": "li", "name": "x", "phone": "abc"}, "is not a phone number"),
        (PersonSpec, {"id": "li", "name": "x", "wecom": "@all"}, "is not one person's WeCom userid"),
        (PersonSpec, {"id": "li", "name": "x", "attributes": {"age": float("nan")}}, "is no value of an attribute"),
        (PersonSpec, {"id": "li", "name": "x", "attributes": {"age": [1]}}, "is no value of an attribute"),
        (PersonSpec, {"id": "li", "name": "x", "attributes": {"age": 1 << 63}}, "does not fit into 64 bits"),
        (PersonSpec, {"id": "li", "name": "x", "attributes": {"age": "\0"}}, "contains a NUL character"),
        (PersonSpec, {"id": "li", "name": "\0"}, "contains a NUL character"),
        (PersonSpec, {"id": "li", "name": "\ud800"}, "contains half of a character"),
        (DutySpec, {"id": "1", "cell": "c", "role": "worker", "person": "li", "to": "25:00"}, "is not a time of day"),
    ],
)
def test_what_is_no_value_is_named(spec: type[Spec], written: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        spec.model_validate(written)


@pytest.mark.parametrize("value", [True, 3, 0.5, "text"])
def test_an_attribute_is_a_flag_a_number_or_text(value: object) -> None:
    assert PersonSpec(id="li", name="x", attributes={"a": value}).value().attributes == {"a": value}
