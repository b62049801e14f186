"""Counts fields that no quantity of the kind takes; a danger among them is refused by name."""

from __future__ import annotations

from typing import Final

from domain import RefusalReason
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.validation import Outcome
from ingest.mappings.field_values import Objection
from ingest.mappings.plan import Plan
from ingest.results import RawReading

FIELD_NAME_MAX: Final = 64


class UnmappedFields:
    """`counts` by platform, kind and field, of at most `fields_max` fields."""

    def __init__(self, danger: DangerDetector, fields_max: int) -> None:
        self._danger, self._fields_max = danger, fields_max
        self.counts: dict[tuple[str, str, str], int] = {}

    def count(self, outcome: Outcome, raw_reading: RawReading, plan: Plan, is_test: bool) -> None:
        """Count the unmapped fields of one raw reading. No field of a device under test is a danger."""
        if not outcome.unmapped:
            return
        for name in outcome.unmapped:
            key = (raw_reading.platform, plan.kind, name[:FIELD_NAME_MAX])
            if key in self.counts or len(self.counts) < self._fields_max:
                self.counts[key] = self.counts.get(key, 0) + 1
        if self._danger.in_fields(raw_reading.platform, {**outcome.unmapped, "test": is_test}):
            self._object_to_danger(outcome, plan)

    def _object_to_danger(self, outcome: Outcome, plan: Plan) -> None:
        """A danger bit that this kind does not have is not only counted: it is refused by name."""
        others = [objection for objection in outcome.objections if objection.reason is not RefusalReason.NO_MAPPING]
        names = ", ".join(name[:40] for name in list(outcome.unmapped)[:8])
        danger = Objection(RefusalReason.NO_MAPPING, f"a {plan.kind} has no mapping for: {names}", danger=True)
        outcome.objections = [*others, danger]
