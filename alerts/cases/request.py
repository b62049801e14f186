"""A request to open an alert that no device opened: by a citizen's report, an operator or an outside system."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from alerts.alert import AlertSource
from domain import Instant, Ledger, Severity

CASE_RULES: Final = {
    AlertSource.REPORT: "citizen-report",
    AlertSource.MANUAL: "manual-case",
    AlertSource.EXTERNAL: "external-case",
    AlertSource.EXERCISE: "exercise-case",
    AlertSource.SYSTEM: "system-case",
}
"""The rule of an alert by its source. Ladders may name these like rules of a rulebook."""

SUBJECT_TYPE: Final = "case"
"""The subject of a case is the case itself, `case:<id>`: it joins nothing, and nothing joins it by its subject."""


class CaseRequest(Struct, frozen=True, kw_only=True):
    """What a case is about.

    `text` is what the person wrote, `title` the short name that messages state. `place` is a registered place,
    `address` words beside it or in its stead. `ladder_rule` selects a ladder as a rule does (default: the rule of the
    source). `at` is when it happened (default: now). `reference` is its number elsewhere. A second request with the
    same `key` opens nothing.
    """

    source: AlertSource
    hazard: str
    title: str
    severity: Severity
    text: str = ""
    place: str | None = None
    address: str = ""
    advice: str = ""
    ledger: Ledger = Ledger.DANGER
    ladder_rule: str = ""
    at: Instant | None = None
    exercise: bool = False
    reference: str | None = None
    key: str | None = None

    @property
    def rule(self) -> str:
        """The rule of the alert. Raises KeyError for DEVICE, whose alerts are opened by findings."""
        return CASE_RULES[self.source]
