"""A danger told by a device that nobody registered is told to people too, at most every five minutes a device."""

from __future__ import annotations

from collections.abc import Sequence

from domain import MINUTE, Evidence, Finding, Ledger, Phase, Severity, Subject
from ingest.outcome import Refusal

RULE = "unknown-device-danger"
TITLE = "未登记设备报警"
ADVICE = "请查明位置"
SPAN_MS = 5 * MINUTE


def strangers(refusals: Sequence[Refusal]) -> list[Finding]:
    """One finding for each refused message that bears a danger bit. The span in its id keeps a flood small."""
    return [_finding(refusal) for refusal in refusals if refusal.danger]


def _finding(refusal: Refusal) -> Finding:
    name = f"{refusal.platform or refusal.source}:{refusal.identity or refusal.topic}"
    span = refusal.at - refusal.at % SPAN_MS
    return Finding(
        id=f"{RULE}@1/{name}/{span}",
        rule=RULE,
        version="1",
        phase=Phase.BEGAN,
        hazard="unknown",
        title=TITLE,
        severity=Severity.HIGH,
        ledger=Ledger.DANGER,
        subject=Subject("device", name),
        begin=refusal.at,
        at=refusal.at,
        now=refusal.at,
        advice=ADVICE,
        evidence=(Evidence("identity", name, at=refusal.at), Evidence("detail", refusal.detail, at=refusal.at)),
    )
