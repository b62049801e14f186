"""What the rules found in a finished run, read from the database of its service.

Approximate is whether the device of a finding was received since an instant: every device counts as received after
`RECEIVED_AFTER_MS`, until its finding is stale.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from alerts.handling.finding_status import FindingStatus
from domain import MINUTE, FindingPhase, Instant
from store.database.alerts.all_findings import StoredFinding, all_findings
from store.database.database import Database, sqlite_url

RECEIVED_AFTER_MS: Final = 30 * MINUTE
"""Devices report after their plans; half an hour is the order of those that report while in alarm. Ours."""
_OWN_RULES: Final = ("channel-down", "receipts-missing")
"""Findings of the alert service itself, which it makes again."""


def recorded_findings(database: Path) -> list[StoredFinding]:
    """Everything that rules found in a run, in order of time."""
    recorded = Database(sqlite_url(database))
    try:
        found = asyncio.run(recorded.read(all_findings))
    finally:
        recorded.close()
    return [one for one in found if one.finding.rule not in _OWN_RULES]


class ApproximateRules:
    """What the rules of the run said of a finding at the present time (app.server.alerting.RuleState).

    A finding of a rule that never ended one is of an event, which is over at once.
    """

    def __init__(self, findings: Sequence[StoredFinding], clock: Callable[[], Instant]) -> None:
        self._clock = clock
        self._ends: dict[str, Instant] = {}
        self._stale: dict[str, Instant] = {}
        self._lasting: set[str] = set()
        for one in findings:
            if one.finding.phase in (FindingPhase.ENDED, FindingPhase.WITHDRAWN):
                self._ends[one.finding.id] = one.at
                self._lasting.add(one.finding.rule)
            elif one.finding.phase is FindingPhase.STALE:
                self._stale[one.finding.id] = one.at

    def finding_status(self, finding: str, _device: str | None, received_since: Instant | None) -> FindingStatus:
        """See RuleState."""
        now = self._clock()
        if finding.split("@", 1)[0] not in self._lasting or now >= self._ends.get(finding, now + 1):
            return FindingStatus.OVER
        is_stale = now >= self._stale.get(finding, now + 1)
        was_received = received_since is None or now - received_since >= RECEIVED_AFTER_MS
        return FindingStatus.ACTIVE if was_received and not is_stale else FindingStatus.NOT_RECEIVED
