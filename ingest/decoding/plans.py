"""Plans of all kinds, platforms and models, compiled once and found by a raw reading and its device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain import Device
from domain.kind import Kind
from ingest.mappings.field_names import normalized
from ingest.mappings.mapping import MappingBook
from ingest.mappings.plan import Plan, compile_plan
from ingest.results import RawReading


class KnownModels:
    """The models that some mapping book lists, in any spelling."""

    def __init__(self, books: Sequence[MappingBook]) -> None:
        self._names = {normalized(name) for book in books for fields in book.models for name in fields.models}

    def first_known(self, *models: str | None) -> str | None:
        """The first of these models that a mapping book lists."""
        return next((model for model in models if model is not None and normalized(model) in self._names), None)


class Plans:
    """Plans by platform, kind and model."""

    def __init__(self, kinds: Mapping[str, Kind], mappings: Sequence[MappingBook]) -> None:
        self._kinds, self._books = kinds, mappings
        self._plans: dict[tuple[str, str, str | None], Plan] = {}
        self._models = KnownModels(mappings)

    def for_reading(self, raw_reading: RawReading, device: Device) -> Plan | None:
        """The plan for this raw reading of this device; None for a kind without a description."""
        # The registry's model may be a name from a brochure; the platform's product number is then the better key.
        model = self._models.first_known(device.model, raw_reading.model)
        return self.for_kind(raw_reading.platform, device.kind, model)

    def for_kind(self, platform: str, kind: str, model: str | None = None) -> Plan | None:
        """The plan for a kind on a platform."""
        key = (platform, kind, model)
        plan = self._plans.get(key)
        if plan is None and (description := self._kinds.get(kind)) is not None:
            plan = self._plans[key] = compile_plan(description, self._books, platform, model)
        return plan
