"""A danger in a message that became no reading is told to people too, at most every five minutes a device.

Of a device that nobody registered, and of one of ours whose message was partly unreadable.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from domain import MINUTE, Device, Evidence, Finding, Ledger, Severity, Subject
from domain.findings import own_finding
from domain.identities import hidden, hidden_in_topic, secrets_of, shown
from domain.people import Community
from ingest.results import Refusal

RULE, TITLE, ADVICE = "unknown-device-danger", "未登记设备报警", "请查明位置"
UNREADABLE_RULE, UNREADABLE_TITLE, UNREADABLE_ADVICE = "unreadable-danger", "设备报警但消息不完整", "请按真实报警核实"
FINDING_WINDOW_MS = 5 * MINUTE


def danger_findings(refusals: Sequence[Refusal], urgent: Collection[str], community: Community) -> list[Finding]:
    """One finding for each refused message that bears a danger bit. The span in its id keeps a flood small.

    `urgent` are the kinds of device whose danger is a matter of life. A wristband's place is the home of its bearer.
    """
    told = (one for one in refusals if one.danger)
    return [
        _unregistered(one)
        if one.device is None
        else _unreadable(one, one.device, urgent, community.place_of(one.device))
        for one in told
    ]


def _unregistered(refusal: Refusal) -> Finding:
    called = hidden_in_topic(refusal.topic) if not refusal.identity else shown(refusal.platform, refusal.identity)
    name = f"{refusal.platform or refusal.source}:{called}"
    return _finding(refusal, name, RULE, TITLE, ADVICE, Severity.HIGH)


def _unreadable(refusal: Refusal, device: Device, urgent: Collection[str], place: str | None) -> Finding:
    severity = Severity.CRITICAL if device.kind in urgent else Severity.HIGH
    found = _finding(refusal, device.id, UNREADABLE_RULE, UNREADABLE_TITLE, UNREADABLE_ADVICE, severity)
    return replace(found, device=device.id, place=place)


def _finding(refusal: Refusal, name: str, rule: str, title: str, advice: str, severity: Severity) -> Finding:
    detail = _shown_detail(refusal)
    return own_finding(
        rule,
        Subject("device", name),
        refusal.at,
        window=refusal.at - refusal.at % FINDING_WINDOW_MS,
        title=title,
        advice=advice,
        severity=severity,
        ledger=Ledger.DANGER,
        hazard="unknown",
        evidence=(Evidence("identity", name, at=refusal.at), Evidence("detail", detail, at=refusal.at)),
    )


def _shown_detail(refusal: Refusal) -> str:
    """The detail without a token that is the device's name: whoever reads the alert need not know it."""
    detail = refusal.detail
    for secret in secrets_of(refusal.platform, refusal.identity, refusal.topic):
        detail = detail.replace(secret, hidden(secret))
    return detail
