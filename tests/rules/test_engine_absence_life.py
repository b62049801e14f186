"""A device that says it is there, without measuring anything, is not silent."""

from __future__ import annotations

from domain import HOUR, Device, Phase
from domain.kind import Kind
from domain.people import community
from rules.engine import Engine
from rules.rulebook import Rulebook

T0 = 1_767_225_600_000


def test_a_life_sign_ends_the_absence_of_its_device_and_of_no_other(
    books: dict[str, Rulebook], kinds: dict[str, Kind]
) -> None:
    engine = Engine([books["device"]], kinds, community())
    engine.enrol([Device("gas-1", "gas_alarm"), Device("gas-2", "gas_alarm")], T0)
    gone = engine.tick(T0 + 12 * HOUR)
    assert [(one.device, one.phase) for one in gone] == [("gas-1", Phase.BEGAN), ("gas-2", Phase.BEGAN)]

    back = engine.life_signs(["gas-1", "nobody"], T0 + 13 * HOUR)
    assert [(one.device, one.phase) for one in back] == [("gas-1", Phase.ENDED)]
