"""What devices said that no quantity of ours takes, counted; a danger among it is refused by name."""

from __future__ import annotations

from typing import Final

from domain import Reason
from ingest.decoding.danger_detection import DangerDetector
from ingest.decoding.validation import Outcome
from ingest.mappings.field_values import Objection
from ingest.mappings.plan import Plan
from ingest.results import RawReading

FIELD_NAME_MAX: Final = 64


class UnmappedFields:
    """`counts` by platform, kind and field, `most` of them."""

    def __init__(self, suspicion: DangerDetector, most: int) -> None:
        self._danger, self._fields_max = suspicion, most
        self.counts: dict[tuple[str, str, str], int] = {}

    def count(self, verdict: Outcome, draft: RawReading, plan: Plan, tested: bool) -> None:
        """The unmapped fields of one draft; of a device under test none is a danger."""
        if not verdict.unmapped:
            return
        for name in verdict.unmapped:
            key = (draft.platform, plan.kind, name[:FIELD_NAME_MAX])
            if key in self.counts or len(self.counts) < self._fields_max:
                self.counts[key] = self.counts.get(key, 0) + 1
        if self._danger.in_fields(draft.platform, {**verdict.unmapped, "test": tested}):
            self._object_to_danger(verdict, plan)

    def _object_to_danger(self, verdict: Outcome, plan: Plan) -> None:
        """A danger bit that this kind does not have is not only counted: it is refused by name."""
        others = [each for each in verdict.objections if each.reason is not Reason.NO_MAPPING]
        names = ", ".join(name[:40] for name in list(verdict.unmapped)[:8])
        danger = Objection(Reason.NO_MAPPING, f"a {plan.kind} has no mapping for: {names}", danger=True)
        verdict.objections = [*others, danger]
