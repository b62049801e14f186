"""Field names and device classes that platforms announced of devices, by each name of the device.

A bare `ON` on a topic of its own is a danger only if a discovery message gave its meaning (`moisture`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ingest.results import DiscoveredDevice

NAMES_MAX: Final = 20_000
"""Names of devices; beyond it the oldest is removed."""

BARE_FIELD: Final = "state"
"""The field of a message that is a single word, on platforms whose discovery messages give its meaning."""

HintsState = list[tuple[str, str, tuple[str, ...]]]


class DiscoveryHints:
    """The last hints of each (platform, name)."""

    def __init__(self, state: HintsState = []) -> None:  # noqa: B006 (only read)
        self._hints = {(platform, name): tuple(hints) for platform, name, hints in state}

    def update(self, devices: Iterable[DiscoveredDevice]) -> None:
        """Store the hints of announced devices, and remove those of withdrawn ones."""
        for device in devices:
            for identity in device.identities:
                self._hints.pop(identity, None)
                if device.hints and not device.is_withdrawn:
                    self._hints[identity] = device.hints
        while len(self._hints) > NAMES_MAX:
            del self._hints[next(iter(self._hints))]

    def explain(self, platform: str, identity: str, fields: Mapping[str, object]) -> Mapping[str, object]:
        """The fields, with a bare state under the names that the hints give it.

        >>> hints = DiscoveryHints([("homeassistant", "garden", ("moisture",))])
        >>> hints.explain("homeassistant", "garden", {"state": "ON"})
        {'moisture': 'ON'}
        >>> hints.explain("homeassistant", "kitchen", {"state": "ON"})
        {'state': 'ON'}
        """
        hints = self._hints.get((platform, identity), ())
        if not hints or BARE_FIELD not in fields:
            return fields
        others = {name: value for name, value in fields.items() if name != BARE_FIELD}
        return {**dict.fromkeys(hints, fields[BARE_FIELD]), **others}

    def state(self) -> HintsState:
        """All hints, for a snapshot."""
        return [(platform, name, hints) for (platform, name), hints in self._hints.items()]
