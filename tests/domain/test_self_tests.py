"""How long a device may report that it is under test."""

from __future__ import annotations

import pytest

from domain import MINUTE, Device
from domain.self_tests import LIMIT, MAX_LIMIT, limit_of


@pytest.mark.parametrize(
    ("attribute", "limit"), [("10m", 10 * MINUTE), ("2d", MAX_LIMIT), ("soon", LIMIT), (600, LIMIT), (True, LIMIT)]
)
def test_the_limit_of_a_device_is_bounded_and_a_faulty_one_is_ignored(attribute: str | int, limit: int) -> None:
    assert limit_of(Device("d", "gas_alarm", attributes={"test_limit": attribute})) == limit


def test_a_device_without_a_limit_has_three_minutes() -> None:
    assert limit_of(None) == limit_of(Device("d", "gas_alarm")) == 3 * MINUTE
