"""Order of effects when registry or definitions change."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app.config.settings import IntakeSettings, SiteSettings
from app.reload.definitions import Definitions
from app.server.live_updates import LiveUpdates
from ingest.routing.routes import Routes
from rules.rulebook.diff import RulebookDiff

CHANGES = RulebookDiff(("gas-low",), (), ())


class Parts:
    """Processing and consumer, which record what is asked of them."""

    def __init__(self) -> None:
        self.actions: list[Any] = []
        self.kinds: dict[str, Any] = {}
        self.definitions = Definitions()
        self.decoder = SimpleNamespace(routes=Routes())
        self.devices: dict[str, Any] = {}

    async def registry_changed(self) -> None:
        self.actions.append("registry")

    async def apply_definitions(self, new: Definitions) -> RulebookDiff:
        self.actions.append("definitions")
        return CHANGES

    def set_urgent_filters(self, filters: Any) -> None:
        self.actions.append("filters")

    def check_roster(self) -> None:
        self.actions.append("gaps of the roster")

    async def update_broker(self) -> None:
        self.actions.append("clients of the broker")


@pytest.fixture
def parts() -> Parts:
    return Parts()


@pytest.fixture
def updates(parts: Parts) -> LiveUpdates:
    config: Any = SimpleNamespace(settings=SiteSettings(intake=IntakeSettings()))
    anything: Any = parts
    return LiveUpdates(config, anything, anything, anything, parts.check_roster, parts.update_broker)


async def test_a_new_registry_is_processed_before_filters_and_the_roster_follow_it(
    parts: Parts, updates: LiveUpdates
) -> None:
    await updates.registry_changed()
    assert parts.actions == [
        "registry",
        "clients of the broker",
        "filters",
        "gaps of the roster",
    ]


async def test_new_definitions_may_make_a_kind_urgent(parts: Parts, updates: LiveUpdates) -> None:
    assert await updates.apply_definitions(Definitions()) == CHANGES
    assert parts.actions == ["definitions", "filters"]
    assert updates.definitions is parts.definitions
