"""Which rules may begin about a device: those whose `only_if` holds for it."""

from __future__ import annotations

from domain import Device
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

T0 = 1_767_225_600_000


def test_a_catering_kitchen_has_its_own_limits(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    engine = Engine([books["gas"]], kinds, community())
    engine.register([Device("home", "gas_alarm"), Device("shop", "gas_alarm", attributes={"use": "catering"})], T0)
    home, shop = engine.startable_rules("home", T0), engine.startable_rules("shop", T0)
    assert {"gas-alarm", "gas-low"} <= home
    assert home - shop == {"gas-low", "gas-high"}
    assert shop - home == {"gas-low-catering", "gas-high-catering"}
    assert engine.startable_rules("nobody", T0) == frozenset()
