"""The id of a group, and ids of devices, which are none."""

from __future__ import annotations

import pytest

from domain import Device
from rules.state.group_key import GroupKey


@pytest.mark.parametrize("key", [GroupKey("building", "b3"), GroupKey("line", "north/2"), GroupKey("cell", "m03")])
def test_a_key_is_read_back_from_its_id(key: GroupKey) -> None:
    assert GroupKey.parse(key.id) == key


def test_the_id_of_a_device_is_no_group() -> None:
    assert GroupKey.parse("gas-1") is None


def test_a_group_is_stored_as_a_device_with_its_place() -> None:
    assert GroupKey("building", "b3").as_device("b3") == Device("building/b3", "building", place="b3")
