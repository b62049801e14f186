"""How each kind of device is read on each platform: plans are compiled once, and found by what a draft bears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain import Device
from domain.kind import Kind
from ingest.mappings.field_names import folded
from ingest.mappings.mapping import MappingBook, Plan, compile_plan
from ingest.results import Draft


class KnownModels:
    """The models that some mapping knows, each in every spelling."""

    def __init__(self, books: Sequence[MappingBook]) -> None:
        self._names = {folded(name) for book in books for each in book.models for name in each.models}

    def first(self, *models: str | None) -> str | None:
        """The first of these names that a mapping knows."""
        return next((model for model in models if model is not None and folded(model) in self._names), None)


class Plans:
    """The plans of these kinds by these mappings."""

    def __init__(self, kinds: Mapping[str, Kind], mappings: Sequence[MappingBook]) -> None:
        self._kinds, self._books = kinds, mappings
        self._plans: dict[tuple[str, str, str | None], Plan] = {}
        self._models = KnownModels(mappings)

    def of(self, draft: Draft, device: Device) -> Plan | None:
        """How this draft of this device is read; None for a kind that nobody described."""
        # What the registry calls it may be a brochure's word; the platform's product number is then the better key.
        return self.of_kind(draft.platform, device.kind, self._models.first(device.model, draft.model))

    def of_kind(self, platform: str, kind: str, model: str | None = None) -> Plan | None:
        """How a kind is read on a platform."""
        key = (platform, kind, model)
        plan = self._plans.get(key)
        if plan is None and (described := self._kinds.get(kind)) is not None:
            plan = self._plans[key] = compile_plan(described, self._books, platform, model)
        return plan
