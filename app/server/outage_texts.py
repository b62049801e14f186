"""Notifies people of critical dangers that the ledger has not taken for a while: it is full, restarts, or is gone.

Alerts, reply codes, escalation and the outbox are in the ledger, so that everything else about the danger waits for
it. Critical alerts of before that nobody has acknowledged climb on in the same way. Each text is recorded in
DIR before it is sent: a process that dies sends none of them twice. When the ledger is back, the alert is opened as
always, and its timeline names who was notified.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, structs
from prometheus_client.core import CounterMetricFamily, Metric

from alerts.alert import Alert, TimelineEntry
from alerts.channels.channel import Channel, SendOutcome, SendResult
from alerts.channels.payloads import FIXED
from alerts.channels.providers import ProviderChain, chain_of
from alerts.delivery.routing import REFUSED_TEXT, TRY_NEXT
from alerts.escalation.outage_texts import climbed_ms, outage_texts
from alerts.message import Delivery
from alerts.messages.deliveries import delivery_id
from alerts.ports import AlertStore
from alerts.service import AlertService
from app.pipeline.finding_writer import monotonic_ms
from app.pipeline.retry import attempt_write
from app.private_files import write_private
from domain import MINUTE, SECOND, Finding, FindingPhase, Instant

log = logging.getLogger("fengshao.outage_texts")

FILE: Final = "outage-texts.json"
AWAY_MS: Final = 20 * SECOND
"""A takeover by a second machine, and a restart of the server, are over by then."""
POLL_S: Final = 2.0
AGAIN_MS: Final = 30 * SECOND
"""After this a text is tried again that surely no provider has sent."""
AGAIN_EVENT_MS: Final = 10 * MINUTE
"""A danger that ended and begins again within this time after its text has none of its own: an alarm may flap."""
PERSON_SPAN_MS: Final = 10 * MINUTE
MAX_PER_PERSON: Final = 5
"""Texts to one person on one channel within PERSON_SPAN_MS: hundreds of detectors of one building are one story, and
without the ledger nothing joins them."""
_NOTIFYING_PHASES: Final = (FindingPhase.BEGAN, FindingPhase.GRADED)
"""People are notified when a danger begins, and when it becomes critical."""


class SentText(Struct, frozen=True):
    """A text that was sent, or may have been, without the ledger: about a finding that it does not have, or about the
    alert with this id. `rule` and `where` (device or subject) say which event it was."""

    key: str
    person: str
    name: str
    channel: str
    at: Instant
    finding: Finding | None = None
    alert: int | None = None
    rule: str = ""
    where: str = ""


class Danger(Struct, frozen=True):
    """A danger of which people are notified without the ledger: an alert in it, or one that `finding` will open."""

    key: str
    alert: Alert
    climbed_ms: int
    called: frozenset[str] = frozenset()
    finding: Finding | None = None

    @property
    def where(self) -> str:
        return self.alert.device or str(self.alert.subject)

    @property
    def at(self) -> Instant:
        """When it was found."""
        return self.alert.danger_at if self.finding is None else self.finding.now


class OutageTexts:
    """Call `run` in a task. `unstored`: critical dangers that wait for the ledger; `unanswered`: those that it had
    before, with the people who were called; `answered_at`: when it took something last; `may_send`: False while another
    machine may be the one that notifies."""

    def __init__(
        self,
        desk: AlertService,
        channels: Mapping[str, Channel | ProviderChain],
        unstored: Callable[[], Sequence[Finding]],
        unanswered: Callable[[], Sequence[tuple[Alert, frozenset[str]]]],
        answered_at: Callable[[], Instant | None],
        may_send: Callable[[], bool],
        data: Path,
        clock: Callable[[], Instant],
        monotonic: Callable[[], Instant] = monotonic_ms,
    ) -> None:
        self._desk, self._unstored, self._unanswered = desk, unstored, unanswered
        self._answered_at, self._may_send = answered_at, may_send
        self._chains = {name: chain_of(name, channel) for name, channel in channels.items()}
        self._file, self._clock, self._monotonic = data / FILE, clock, monotonic
        self._since, self._again_at = dict[str, Instant](), dict[str, Instant]()
        self._sent = {text.key: text for text in _read(self._file)}
        self._number, self.outcomes = 0, Counter[str](accepted=0)

    async def run(self) -> None:
        """Look every POLL_S, until cancelled."""
        while True:
            await self.check()
            await asyncio.sleep(POLL_S)

    async def check(self) -> None:
        """Send what is due while the ledger is away; once it has the dangers, write who was notified."""
        now, answered_at = self._monotonic(), self._answered_at()
        waiting = {finding.id: finding for finding in self._unstored() if finding.phase in _NOTIFYING_PHASES}
        self._since = {name: self._since.get(name, now) for name in waiting}
        if answered_at is not None and now - answered_at >= AWAY_MS:
            if self._may_send():
                due = {name: now - since - AWAY_MS for name, since in self._since.items() if now - since >= AWAY_MS}
                # The texts of a person are limited: dangers that people were never called for come first.
                await self._notify([*self._found([(waiting[name], due[name]) for name in due]), *self._opened()])
        elif self._sent and not waiting:
            await attempt_write(self._record, "texts of an outage")

    def metrics(self) -> Iterator[Metric]:
        """Texts that were sent without the ledger, by outcome."""
        sent = CounterMetricFamily(
            "fengshao_outage_texts_total", "Texts sent while the ledger took nothing.", None, ["outcome"]
        )
        for outcome, number in sorted(self.outcomes.items()):
            sent.add_metric([outcome], number)
        yield sent

    def _opened(self) -> list[Danger]:
        """The alerts of which the ledger would call further people now."""
        dangers = list[Danger]()
        for alert, called in self._unanswered():
            with self._isolated(str(alert.id)):
                climbed = climbed_ms(self._desk.escalator, alert, self._clock())
                dangers.append(Danger(f"{alert.id}/{alert.round}", alert, climbed, called))
        return dangers

    def _found(self, findings: Sequence[tuple[Finding, int]]) -> list[Danger]:
        """`findings` with how long the ladder has been climbed."""
        dangers = list[Danger]()
        for finding, waited_ms in findings:
            with self._isolated(finding.id):
                building = self._desk.community().building_of(finding.place)
                building_id = None if building is None else building.id
                alert = self._desk.intake.new_alert(finding, building_id, self._clock())
                dangers.append(Danger(finding.id, alert, waited_ms, finding=finding))
        return dangers

    async def _notify(self, dangers: Sequence[Danger]) -> None:
        now = self._clock()
        rows = [(danger, row) for danger in dangers for row in self._plan(danger, now)]
        chosen = [row for danger, row in rows if self._take(danger, row, now)]
        if chosen:
            self._save()
            await asyncio.gather(*map(self._send, chosen))
            self._save()

    def _plan(self, danger: Danger, now: Instant) -> list[Delivery]:
        rows = list[Delivery]()
        with self._isolated(danger.key):
            rows = outage_texts(self._desk.escalator, danger.alert, danger.climbed_ms, now, danger.called)
        return [structs.replace(row, key=f"{danger.key}:{row.person}:{row.channel}") for row in rows]

    @contextmanager
    def _isolated(self, danger: str) -> Iterator[None]:
        """One danger whose text cannot be written keeps no other from being told: an error that ended the service would
        end its listening, and without the ledger it could not start."""
        try:
            yield
        except Exception:
            log.exception("no text without the ledger", extra={"danger": danger})
            self.outcomes["not_written"] += 1

    def _take(self, danger: Danger, row: Delivery, now: Instant) -> bool:
        """Whether this text is sent now; it counts as sent from here on."""
        if row.key in self._sent or self._again_at.get(row.key, 0) > now or row.channel not in self._chains:
            return False
        to_him = [one for one in self._sent.values() if (one.person, one.channel) == (row.person, row.channel)]
        if any(self._is_same_event(one, danger) for one in to_him):
            return False
        if sum(one.at > now - PERSON_SPAN_MS for one in to_him) >= MAX_PER_PERSON:
            self.outcomes["over_limit"] += 1
            self._again_at[row.key] = now + AGAIN_MS
            return False
        number = None if danger.finding is not None else danger.alert.id
        self._sent[row.key] = SentText(
            row.key, row.person, row.name, row.channel, now, danger.finding, number, danger.alert.rule, danger.where
        )
        return True

    def _is_same_event(self, sent: SentText, danger: Danger) -> bool:
        """Whether a text was about this danger: the same rule, or one about the same event, on the same device or
        subject, and no new onset later on."""
        rule, policy = danger.alert.rule, self._desk.escalator.choice.policy
        same_rule = sent.rule == rule or policy.is_same_event(rule, sent.rule)
        return same_rule and sent.where == danger.where and danger.at < sent.at + AGAIN_EVENT_MS

    async def _send(self, row: Delivery) -> None:
        self._number += 1
        row = structs.replace(row, id="o" + delivery_id(row.created_at, self._number))
        result = await self._try_providers(self._chains[row.channel], row)
        self.outcomes[result.outcome.value] += 1
        fields = {"person": row.person, "channel": row.channel, "outcome": result.outcome.value, "code": result.code}
        log.warning("notified without the ledger", extra=fields)
        if result.outcome in TRY_NEXT:
            del self._sent[row.key]
            self._again_at[row.key] = self._clock() + AGAIN_MS

    async def _try_providers(self, chain: ProviderChain, row: Delivery) -> SendResult:
        """Ask each provider until one has taken the text, or may have."""
        result = SendResult(SendOutcome.CONFIG, code="no provider")
        for provider in chain.providers:
            attempt = structs.replace(row, provider=provider)
            result = await self._attempt(chain, attempt)
            if result.outcome in REFUSED_TEXT and chain.plan(provider).fallback_template:
                fixed = self._desk.escalator.bundles.fixed_text(None)
                result = await self._attempt(chain, structs.replace(attempt, payload={**row.payload, FIXED: fixed}))
            if result.outcome not in TRY_NEXT:
                break
        return result

    async def _attempt(self, chain: ProviderChain, row: Delivery) -> SendResult:
        try:
            return await chain.send(row, self._clock())
        except Exception as error:
            log.exception("channel failed", extra={"channel": row.channel})
            return SendResult(SendOutcome.UNKNOWN, code=type(error).__name__)

    async def _record(self) -> None:
        texts = list(self._sent.values())
        alerts = await self._desk.transact(partial(self._write_timeline, texts))
        for alert in alerts:
            self._desk.on_change(str(alert))
        for text in texts:
            self._sent.pop(text.key, None)
        self._save()

    def _write_timeline(self, texts: Sequence[SentText], store: AlertStore) -> list[int]:
        found: dict[int, list[SentText]] = {}
        for text in texts:
            alert = text.alert if text.finding is None else store.finding_record(text.finding).alert
            if alert is not None:
                found.setdefault(alert, []).append(text)
        store.add_timeline([self._entry(alert, text) for alert, texts in found.items() for text in texts])
        return list(found)

    def _entry(self, alert: int, text: SentText) -> TimelineEntry:
        renderer, now = self._desk.renderer, self._clock()
        channel = renderer.catalog.channels.get(text.channel, text.channel)
        line = renderer.timeline_text(
            "outage_text", time=renderer.format_time(text.at, now), name=text.name, channel=channel
        )
        return TimelineEntry(alert, now, "told", line, person=text.person, channel=text.channel)

    def _save(self) -> None:
        """A full disk, which may be why the ledger takes nothing, keeps nobody from being notified."""
        try:
            write_private(self._file, msgspec.json.encode(list(self._sent.values())).decode())
        except OSError as error:
            log.error("texts of the outage not recorded: a restart would send them again: %s", error)


def _read(file: Path) -> list[SentText]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[SentText])
    except FileNotFoundError:
        return []
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.error("%s cannot be read: texts of the last outage may be sent again: %s", file, error)
        return []
