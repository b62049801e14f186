"""Findings for danger bits in refused messages: at most one every five minutes for each device.

From unregistered devices, and from registered devices whose message was partly unreadable.
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
UNREADABLE_RULE, UNREADABLE_TITLE = "unreadable-danger", "设备报警但消息不完整"
UNREADABLE_ADVICE = "请按真实报警核实"
FINDING_WINDOW_MS = 5 * MINUTE
"""The window's begin is part of the finding id, so that repeated messages make one finding."""


def danger_findings(refusals: Sequence[Refusal], urgent_kinds: Collection[str], community: Community) -> list[Finding]:
    """One finding for each refused message with a danger bit. Devices of `urgent_kinds` are critical, others high."""
    return [
        _unregistered(refusal)
        if refusal.device is None
        else _unreadable(refusal, refusal.device, urgent_kinds, community.place_of(refusal.device))
        for refusal in refusals
        if refusal.danger
    ]


def _unregistered(refusal: Refusal) -> Finding:
    identity = shown(refusal.platform, refusal.identity) if refusal.identity else hidden_in_topic(refusal.topic)
    name = f"{refusal.platform or refusal.source}:{identity}"
    return _finding(refusal, name, RULE, TITLE, ADVICE, Severity.HIGH)


def _unreadable(refusal: Refusal, device: Device, urgent_kinds: Collection[str], place: str | None) -> Finding:
    severity = Severity.CRITICAL if device.kind in urgent_kinds else Severity.HIGH
    finding = _finding(refusal, device.id, UNREADABLE_RULE, UNREADABLE_TITLE, UNREADABLE_ADVICE, severity)
    return replace(finding, device=device.id, place=place)


def _finding(refusal: Refusal, name: str, rule: str, title: str, advice: str, severity: Severity) -> Finding:
    detail = _detail_without_secrets(refusal)
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


def _detail_without_secrets(refusal: Refusal) -> str:
    """Hides a token that serves as the device's identity: alerts are read by people who need not see it."""
    detail = refusal.detail
    for secret in secrets_of(refusal.platform, refusal.identity, refusal.topic):
        detail = detail.replace(secret, hidden(secret))
    return detail
