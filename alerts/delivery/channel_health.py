"""Alerts about providers: one that refuses our account or does not answer, refuses a template, or sends no receipts.

Each ends with the next success. They are told by another provider or channel where there is one.
"""

from __future__ import annotations

from typing import Final

from msgspec import structs

from alerts.channels.channel import SendOutcome, SendResult
from alerts.delivery.routing import ProviderRouter
from alerts.handling.intake import FindingIntake
from alerts.message import Delivery
from alerts.ports import Transaction
from domain import Finding, FindingPhase, Instant, Subject
from domain.findings import own_finding

DOWN: Final = "channel-down"
TEMPLATE: Final = "template-refused"
RECEIPTS: Final = "receipts-missing"
RULES: Final = (DOWN, TEMPLATE, RECEIPTS)


class ChannelHealth:
    """Opens and ends the findings about providers, from the outcomes of sends and the receipts."""

    def __init__(self, intake: FindingIntake, router: ProviderRouter) -> None:
        self._intake, self._catalog, self._router = intake, intake.renderer.catalog, router
        self._healthy: set[tuple[str, str]] = set()
        """(rule, subject) without an active finding: a cache, so that a successful send does not query the store."""

    def record(self, tx: Transaction, row: Delivery, result: SendResult) -> list[int]:
        """The alerts that this outcome opened or changed. The router has recorded it before."""
        provider = row.provider or row.channel
        if result.outcome is SendOutcome.ACCEPTED:
            touched = self._set(tx, TEMPLATE, row.channel, provider, False) if not row.payload.get("fixed") else []
            return [*self._set(tx, DOWN, row.channel, provider, False), *touched]
        if result.outcome is SendOutcome.CONFIG or self._router.is_open(row.channel, provider):
            return self._set(tx, DOWN, row.channel, provider, True, result.problem)
        if result.outcome is SendOutcome.TEMPLATE:
            return self._set(tx, TEMPLATE, row.channel, provider, True, str(row.payload.get("name") or ""))
        return []

    def watch(self, tx: Transaction) -> list[int]:
        """The alerts changed by silences that have ended, and by receipts that are missing or arrive again."""
        changes = self._router.missing_receipts(tx.now)
        return self._intake.release_silenced(tx) + [
            alert
            for channel, provider, missing in changes
            for alert in self._set(tx, RECEIPTS, channel, provider, missing)
        ]

    def _set(
        self, tx: Transaction, rule: str, channel: str, provider: str, is_faulty: bool, detail: str = ""
    ) -> list[int]:
        subject = channel if self._router.is_alone(channel) else f"{channel}:{provider}"
        if not is_faulty and (rule, subject) in self._healthy:
            return []
        finding = self._finding(rule, subject, channel, provider, detail, tx.now)
        active = tx.store.active_finding_ids(_id_prefix(finding))
        # The store decides, not the cache: this transaction may still fail, and what it wrote would be gone.
        self._healthy.discard((rule, subject))
        if not is_faulty and not active:
            self._healthy.add((rule, subject))
        ended = [structs.replace(finding, id=active_id, phase=FindingPhase.ENDED) for active_id in active]
        begun = [] if active else [finding]
        results = self._intake.process(tx, begun if is_faulty else ended)
        return [result.alert for result in results if result.alert is not None]

    def _finding(self, rule: str, subject: str, channel: str, provider: str, detail: str, now: Instant) -> Finding:
        texts = self._catalog.house
        name = self._catalog.channels.get(channel, channel)
        if not self._router.is_alone(channel):
            name = texts.of_provider.format(channel=name, provider=self._catalog.providers.get(provider, provider))
        title, advice = {
            DOWN: (texts.channel_down, texts.channel_advice),
            TEMPLATE: (texts.template_refused, texts.template_advice),
            RECEIPTS: (texts.receipts_missing, texts.receipts_advice),
        }[rule]
        problem = next((text for fault, text in texts.faults.items() if fault == detail), detail)
        return own_finding(
            rule,
            Subject("system", f"channel:{subject}"),
            now,
            key=f"system:{subject}",
            title=title.format(channel=name) + (f"（{problem}）" if problem else ""),
            advice=advice,
        )


def provider_of(subject: Subject) -> str:
    """The provider that a finding of this module is about; empty where it is about a whole channel, or another finding.

    >>> provider_of(Subject("system", "channel:sms:tencent")), provider_of(Subject("device", "gas-1"))
    ('tencent', '')
    """
    parts = subject.id.split(":") if subject.type == "system" else []
    return parts[2] if len(parts) == 3 and parts[0] == "channel" else ""


def _id_prefix(finding: Finding) -> str:
    """The beginning of the ids of all findings of this rule about this provider."""
    return finding.id.removesuffix(str(finding.begin))
