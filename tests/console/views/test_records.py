"""Views of registry records have the fields of their schemas."""

from __future__ import annotations

from typing import Any

import pytest

from console.schemas import registry as schema
from console.timestamps import to_schema
from console.views import records
from domain import Cell, Device, Duty, Identity, Person, Place


@pytest.mark.parametrize(
    ("view", "type"),
    [
        (
            records.device_view(Device("g", "gas_alarm", None, "p", (Identity("native", "g"),), {"floor": 4})),
            schema.Device,
        ),
        (records.place_view(Place("p", "3栋", "building", "c")), schema.Place),
        (records.cell_view(Cell("m", "第三网格", "grid")), schema.Cell),
        (records.person_view(Person("w", "张三", "19900000001")), schema.Person),
        (records.duty_view(Duty("d", "m", "worker", "w", from_minute=450, to_minute=1440)), schema.Duty),
    ],
)
def test_a_view_has_every_field_of_its_schema(view: dict[str, Any], type: Any) -> None:
    assert set(view) == set(type.__struct_encode_fields__)
    assert to_schema(type, view)


def test_hours_of_a_duty_are_local_times_of_day() -> None:
    view = records.duty_view(Duty("d", "m", "worker", "w", from_minute=450, to_minute=1440))

    assert (view["from"], view["to"]) == ("07:30", "24:00")
