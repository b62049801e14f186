"""An alert about a channel whose provider refuses our account, signature or template, until the next success."""

from __future__ import annotations

from msgspec import structs

from alerts.channels.channel import SendOutcome
from alerts.handling.intake import FindingIntake
from alerts.ports import Transaction
from domain import Finding, FindingPhase, Instant, Subject
from domain.findings import own_finding


class ChannelHealth:
    """Opens and ends the finding `channel-down` of a channel, from the outcomes of its sends."""

    def __init__(self, intake: FindingIntake) -> None:
        self._intake, self._catalog = intake, intake.renderer.catalog
        self._healthy: set[str] = set()
        """Channels without an active finding: a cache, so that a successful send does not query the store."""

    def record(self, tx: Transaction, channel: str, outcome: SendOutcome) -> list[int]:
        """The alerts that this outcome opened or changed. Only CONFIG and ACCEPTED are about the channel."""
        if outcome not in (SendOutcome.CONFIG, SendOutcome.ACCEPTED):
            return []
        is_down = outcome is SendOutcome.CONFIG
        if not is_down and channel in self._healthy:
            return []
        finding = self._finding(channel, tx.now)
        active = tx.store.active_finding_ids(_id_prefix(finding))
        # The store decides, not the cache: this transaction may still fail, and what it wrote would be gone.
        self._healthy.discard(channel)
        if not is_down and not active:
            self._healthy.add(channel)
        ended = [structs.replace(finding, id=active_id, phase=FindingPhase.ENDED) for active_id in active]
        begun = [] if active else [finding]
        results = self._intake.process(tx, begun if is_down else ended)
        return [result.alert for result in results if result.alert is not None]

    def _finding(self, channel: str, now: Instant) -> Finding:
        texts = self._catalog.house
        return own_finding(
            "channel-down",
            Subject("system", f"channel:{channel}"),
            now,
            key=f"system:{channel}",
            title=texts.channel_down.format(channel=self._catalog.channels.get(channel, channel)),
            advice=texts.channel_advice,
        )


def _id_prefix(finding: Finding) -> str:
    """The beginning of the ids of all `channel-down` findings of this channel."""
    return finding.id.removesuffix(str(finding.begin))
