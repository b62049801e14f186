"""How each kind of device is read on each platform: plans are compiled once, and found by what a draft bears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain import Device
from domain.kind import Kind
from ingest.mappings.field_names import normalized
from ingest.mappings.mapping import MappingBook
from ingest.mappings.plan import Plan, compile_plan
from ingest.results import RawReading


class KnownModels:
    """The models that some mapping knows, each in every spelling."""

    def __init__(self, books: Sequence[MappingBook]) -> None:
        self._names = {normalized(name) for book in books for each in book.models for name in each.models}

    def first_known(self, *models: str | None) -> str | None:
        """The first of these names that a mapping knows."""
        return next((model for model in models if model is not None and normalized(model) in self._names), None)


class Plans:
    """The plans of these kinds by these mappings."""

    def __init__(self, kinds: Mapping[str, Kind], mappings: Sequence[MappingBook]) -> None:
        self._kinds, self._books = kinds, mappings
        self._plans: dict[tuple[str, str, str | None], Plan] = {}
        self._models = KnownModels(mappings)

    def for_reading(self, draft: RawReading, device: Device) -> Plan | None:
        """How this draft of this device is read; None for a kind that nobody described."""
        # What the registry calls it may be a brochure's word; the platform's product number is then the better key.
        return self.for_kind(draft.platform, device.kind, self._models.first_known(device.model, draft.model))

    def for_kind(self, platform: str, kind: str, model: str | None = None) -> Plan | None:
        """How a kind is read on a platform."""
        key = (platform, kind, model)
        plan = self._plans.get(key)
        if plan is None and (described := self._kinds.get(kind)) is not None:
            plan = self._plans[key] = compile_plan(described, self._books, platform, model)
        return plan
