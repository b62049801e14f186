"""What platforms described before anybody registered it: by each of its names, the words a device will speak of.

A bare `ON` on a topic of its own is a danger only if a description said of what (`moisture`). It knows no message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ingest.results import DiscoveredDevice

NAMES_MAX: Final = 20_000
"""Names; beyond it the oldest is forgotten."""

BARE_FIELD: Final = "state"
"""The field of a message that is one word, on platforms whose descriptions say what it means."""

HintsState = list[tuple[str, str, tuple[str, ...]]]


class DiscoveryHints:
    """The last description of each (platform, name)."""

    def __init__(self, saved: HintsState = []) -> None:  # noqa: B006 (only read)
        self._hints = {(platform, name): tuple(hints) for platform, name, hints in saved}

    def update(self, proposals: Iterable[DiscoveredDevice]) -> None:
        """Take note of what a discovery describes, and forget what it withdraws."""
        for proposal in proposals:
            for identity in proposal.identities:
                self._hints.pop(identity, None)
                if proposal.hints and not proposal.is_withdrawn:
                    self._hints[identity] = proposal.hints
        while len(self._hints) > NAMES_MAX:
            del self._hints[next(iter(self._hints))]

    def explain(self, platform: str, identity: str, fields: Mapping[str, object]) -> Mapping[str, object]:
        """The fields, with a bare state under the names that the description gives it.

        >>> hints = DiscoveryHints([("homeassistant", "garden", ("moisture",))])
        >>> hints.explain("homeassistant", "garden", {"state": "ON"})
        {'moisture': 'ON'}
        >>> hints.explain("homeassistant", "kitchen", {"state": "ON"})
        {'state': 'ON'}
        """
        hints = self._hints.get((platform, identity), ())
        if not hints or BARE_FIELD not in fields:
            return fields
        others = {name: said for name, said in fields.items() if name != BARE_FIELD}
        return {**dict.fromkeys(hints, fields[BARE_FIELD]), **others}

    def state(self) -> HintsState:
        """All of it, for a snapshot."""
        return [(platform, name, hints) for (platform, name), hints in self._hints.items()]
