"""What devices said that no quantity of ours takes, counted; a danger among it is refused by name."""

from __future__ import annotations

from typing import Final

from domain import Reason
from ingest.decoding.danger_detection import Suspicion
from ingest.decoding.validation import Verdict
from ingest.mappings.field_values import Objection
from ingest.mappings.mapping import Plan
from ingest.results import Draft

FIELD_NAME_MAX: Final = 64


class Unmapped:
    """`counts` by platform, kind and field, `most` of them."""

    def __init__(self, suspicion: Suspicion, most: int) -> None:
        self._suspicion, self._most = suspicion, most
        self.counts: dict[tuple[str, str, str], int] = {}

    def count(self, verdict: Verdict, draft: Draft, plan: Plan, tested: bool) -> None:
        """The unmapped fields of one draft; of a device under test none is a danger."""
        if not verdict.strange:
            return
        for name in verdict.strange:
            key = (draft.platform, plan.kind, name[:FIELD_NAME_MAX])
            if key in self.counts or len(self.counts) < self._most:
                self.counts[key] = self.counts.get(key, 0) + 1
        if self._suspicion.dangerous(draft.platform, {**verdict.strange, "test": tested}):
            self._name_danger(verdict, plan)

    def _name_danger(self, verdict: Verdict, plan: Plan) -> None:
        """A danger bit that this kind does not have is not only counted: it is refused by name."""
        others = [each for each in verdict.objections if each.reason is not Reason.NO_MAPPING]
        names = ", ".join(name[:40] for name in list(verdict.strange)[:8])
        danger = Objection(Reason.NO_MAPPING, f"a {plan.kind} has no mapping for: {names}", danger=True)
        verdict.objections = [*others, danger]
