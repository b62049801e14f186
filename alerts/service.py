"""AlertService, the entry point: findings, actions, replies, delivery reports and deadlines, each in one transaction.

After a commit it reports which alerts changed and that the outbox may hold messages. No network access.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import methodcaller

from alerts.alert import Actor, Alert, has_no_next_step
from alerts.cases.opening import CaseOpener
from alerts.cases.request import CaseRequest
from alerts.channels.channel import DeliveryReport, InboundText, KeyPress, ProviderEvent, push_key
from alerts.delivery.key_presses import KeyResult, handle_key
from alerts.delivery.outcomes import DeliveryOutcomes
from alerts.escalation.escalator import Escalator
from alerts.escalation.handover import OutsideSystems
from alerts.escalation.ladder_choice import AffectedPeople, nobody_affected
from alerts.escalation.policy import EscalationPolicy
from alerts.handling import replies
from alerts.handling.audit import AuditResult
from alerts.handling.buttons import ButtonResult, handle_press
from alerts.handling.digest import enqueue_digests
from alerts.handling.due_alerts import DueAlerts
from alerts.handling.finding_status import StatusOf, no_rules
from alerts.handling.intake import Disposition, FindingIntake, IntakeResult
from alerts.handling.isolation import FaultIsolation
from alerts.handling.person_actions import ActionRequest, NoSuchAlert, PersonActions, alert_number
from alerts.handling.personal_messages import PersonalMessages
from alerts.handling.processor import AlertProcessor
from alerts.handling.replies import ReplyResult, ReplyStatus
from alerts.handling.roster_messages import RosterMessages
from alerts.handling.silencing import DevicesById
from alerts.messages.catalog import TextCatalog
from alerts.messages.outbox import OutboxWriter, PageUrl, no_page_url
from alerts.messages.personal import PersonalRenderer
from alerts.messages.renderer import MessageRenderer
from alerts.ports import AlertRepository, AlertStore, Transact, Transaction
from alerts.settings import AlertSettings
from domain import MINUTE, Finding, FindingPhase, Instant, Lane, Ledger, Severity
from domain.findings import most_severe_first
from domain.people import Community

TICK_BATCH = 200
"""Maximum of due alerts in one transaction, so that a city-wide storm does not block the store."""
FINDING_BATCH = 40
"""Maximum of findings in one transaction."""
OVERDUE_GRACE_MS = MINUTE
FAULT_RETRY_MS = MINUTE
"""After this an alert that failed because of a bug is tried again."""


class AlertService:
    """The only entry to the alerts package."""

    def __init__(
        self,
        transact: Transact,
        policy: EscalationPolicy,
        catalog: TextCatalog,
        settings: AlertSettings,
        community: Callable[[], Community],
        clock: Callable[[], Instant],
        on_change: Callable[[str], None] = lambda _alert: None,
        on_outbox: Callable[[], None] = lambda: None,
        page: PageUrl = no_page_url,
        status_of: StatusOf = no_rules,
        affected: AffectedPeople = nobody_affected,
        devices: DevicesById = dict,
        on_fault: Callable[[str, Exception], None] | None = None,
        unavailable: tuple[type[Exception], ...] = (),
        outside: OutsideSystems = dict,
    ) -> None:
        self._settings, self._affected = settings, affected
        self.transact, self.clock, self.community = transact, clock, community
        self.last_audit = AuditResult()
        self.on_change, self.on_outbox = on_change, on_outbox
        self.isolation, self._failing = FaultIsolation(transact, on_fault, unavailable), dict[int, Instant]()
        self.grammar = settings.replies
        self.renderer = MessageRenderer(catalog, settings.sign, settings.tz, settings.template_codes)
        outbox = OutboxWriter(
            self.renderer,
            settings.channels,
            page,
            self._affected_name,
            community,
            settings.keyword_templates,
            settings.roles,
        )
        self.escalator = escalator = Escalator(
            policy,
            outbox,
            community,
            settings.tz,
            settings.last_resort,
            settings.roles,
            affected,
        )
        self.processor = processor = AlertProcessor(escalator, outside)
        self.intake = FindingIntake(processor, escalator, devices)
        pages = PersonalRenderer(self.renderer, settings.public_url, settings.keyword_templates)
        personal = PersonalMessages(outbox, pages, community)
        self.roster_messages = RosterMessages(personal, self.renderer, community)
        self.outcomes = DeliveryOutcomes(processor, escalator, self.intake, personal)
        self.cases = CaseOpener(processor, escalator, self.intake.gathering)
        self.due_alerts = DueAlerts(processor, escalator, status_of)
        self.actions = PersonActions(processor, escalator, self.due_alerts, self.intake)

    def _affected_name(self, alert: Alert) -> str:
        """The name a text states; none for health alerts."""
        if not self._settings.person_name or alert.ledger is Ledger.HEALTH:
            return ""
        return self.renderer.affected_name(self._affected(alert), self._settings.care)

    async def process_findings(
        self, findings: Sequence[Finding], lane: Lane | None = None, pos: int | None = None
    ) -> list[IntakeResult]:
        """Process findings, the most severe first. The journal position is committed with the last of them.

        Many findings take several transactions, so that the most severe are sent at once. After a crash between two of
        them the position is the old one: all are processed again, and those already recorded change nothing.
        """
        ordered = most_severe_first(findings)
        now, results = self.clock(), list[IntakeResult]()
        for start in range(0, max(len(ordered), 1), FINDING_BATCH):
            last = start + FINDING_BATCH >= len(ordered)
            has_position = last and lane is not None and pos is not None
            finish = methodcaller("commit_position", lane, pos) if has_position else None
            batch = ordered[start : start + FINDING_BATCH]
            is_urgent = any(map(_is_waited_for, batch))
            work = partial(self._process_findings, now)
            processed = await self.isolation.run(work, batch, finish, urgent=is_urgent)
            new = [result for result in processed if result.disposition is not Disposition.REPEATED]
            self._changed([alert for one in new if one.alert is not None for alert in (one.alert, *one.merged)])
            results += processed
        return results

    async def perform(
        self,
        alert_id: str | int,
        action: str,
        actor: Actor,
        now: Instant | None = None,
        comment: str | None = None,
        reason: str | None = None,
        until: Instant | None = None,
        to: str | None = None,
        disposition: str | None = None,
        into: str | int | None = None,
        findings: Sequence[str] = (),
    ) -> Alert:
        """Apply an action of a person: a Signal of ACTIONS, or one of CASE_ACTIONS (handling/person_actions.py).

        `until` ends a SHELVE, a RETURN to a body or a supervision order; `to` is whom an ASSIGN is for or the body of a
        RETURN; `into` the alert to merge into; `findings` those to split off. Raises NoSuchAlert, InvalidTransition or
        InvalidField (which names the field). Returns the alert acted upon.
        """
        at = self.clock() if now is None else now
        request = ActionRequest(
            action=action,
            actor=actor,
            comment=comment,
            reason=reason,
            until=until,
            to=to,
            disposition=disposition,
            into=None if into is None else alert_number(into),
            findings=tuple(findings),
        )
        number = alert_number(alert_id)
        changed = await self.transact(
            lambda store: self.actions.apply(Transaction(store, at), self._find(store, number), request)
        )
        self._changed([alert.id for alert in changed])
        return changed[0]

    async def open_case(self, request: CaseRequest, actor: Actor) -> Alert:
        """Open an alert that no device opened; a request with a key that was used before returns that alert."""
        opened = await self.transact(lambda store: self.cases.open(Transaction(store, self.clock()), request, actor))
        self._changed([opened.alert.id] if opened.is_new else [])
        return opened.alert

    async def receive_text(self, phone: str, text: str, at: Instant, once: str = "") -> ReplyResult:
        """Handle a text from a phone. Only a phone that we have sent a number to can change an alert.

        `once` identifies the provider's push; the same push again changes nothing.
        """

        def work(store: AlertStore) -> ReplyResult:
            if once and not store.record_callback(once, at):
                return ReplyResult(ReplyStatus.REPEATED, reason="pushed before")
            tx = Transaction(store, at)
            return replies.handle_reply(self.actions, self.escalator, self.grammar, tx, phone, text)

        result = await self.transact(work)
        self._changed(result.alerts)
        return result

    async def receive_press(
        self, wecom_userid: str, event_key: str, at: Instant, handle: str = "", once: str = ""
    ) -> ButtonResult:
        """Handle a button press; WeCom has authenticated the user."""

        def work(store: AlertStore) -> ButtonResult:
            if once and not store.record_callback(once, at):
                return ButtonResult(False)
            tx = Transaction(store, at)
            return handle_press(self.actions, self.community(), tx, wecom_userid, event_key, handle)

        result = await self.transact(work)
        self._changed([result.alert] if result.alert is not None else [])
        return result

    async def receive_report(self, report: DeliveryReport, channel: str) -> None:
        """Apply a delivery report. Reports only move a delivery forward."""
        at = self.clock()
        alert = await self.transact(lambda store: self.outcomes.on_report(Transaction(store, at), report, channel))
        self._changed([alert] if alert is not None else [])

    async def receive_key(self, press: KeyPress, channel: str) -> KeyResult | None:
        """Handle a key pressed during a call; None for a call that is not ours."""
        processor, outcomes, at = self.processor, self.outcomes, self.clock()
        result = await self.transact(
            lambda store: handle_key(processor, outcomes, Transaction(store, at), press, channel)
        )
        self._changed([result.alert] if result is not None else [])
        return result

    async def receive(self, events: Sequence[ProviderEvent], channel: str) -> list[ReplyResult]:
        """Process the events of one provider callback; returns the results of the texts among them.

        A press or text that is pushed again, or replayed by an attacker who recorded it, changes nothing.
        """
        results: list[ReplyResult] = []
        for event in events:
            if isinstance(event, DeliveryReport):
                await self.receive_report(event, channel)
            elif isinstance(event, KeyPress):
                await self.receive_key(event, channel)
            elif isinstance(event, InboundText):
                once = push_key(channel, event.phone, event.push_id)
                results.append(await self.receive_text(event.phone, event.text, self.clock(), once))
            else:
                once = push_key(channel, event.userid, event.key, event.handle)
                await self.receive_press(event.userid, event.key, self.clock(), event.handle, once)
        return results

    async def tick(self, now: Instant) -> int:
        """Process what is due: escalations, deadlines, ends of shelving and silences. Returns the number of alerts."""
        total = 0
        self._changed(await self.transact(lambda store: self.outcomes.channel_health.watch(Transaction(store, now))))
        while True:
            due = await self.transact(lambda store: [alert.id for alert in store.due_alerts(now, TICK_BATCH)])
            ready = [number for number in due if self._failing.get(number, 0) <= now]
            done = await self.isolation.run(partial(self._process_due, now), ready)
            self._failing |= dict.fromkeys(set(ready).difference(done), now + FAULT_RETRY_MS)
            self._changed(done)
            total += len(done)
            if len(due) < TICK_BATCH or not done:
                return total

    def _process_due(self, now: Instant, alerts: Sequence[int], store: AlertStore) -> list[int]:
        """Checked again in this transaction: a person may have answered since the alert was found due."""
        for number in alerts:
            alert = self._find(store, number)
            if alert.wake_at is not None and alert.wake_at <= now:
                self.due_alerts.process(Transaction(store, now), alert)
        return list(alerts)

    async def send_digest(self, now: Instant) -> int:
        """Enqueue the daily digests; returns the number of alerts named. A second call on one day sends nothing."""
        named = await self.transact(lambda store: enqueue_digests(self.escalator, Transaction(store, now)))
        self._changed(named)
        return len(named)

    async def next_wake(self) -> Instant | None:
        """The next deadline, or the end of a silence under which a finding is held."""
        return await self.transact(
            lambda store: min(filter(None, (store.next_wake(), store.next_silence_end())), default=None)
        )

    async def unnotified(self, now: Instant) -> list[Alert]:
        """Unacknowledged dangers of which, after a minute, no message reached or may still reach anybody."""
        return await self.transact(lambda store: store.unnotified_alerts(now - OVERDUE_GRACE_MS))

    async def audit(self, now: Instant) -> list[Alert]:
        """Active alerts without a deadline or with one overdue. Empty unless there is a bug."""
        found = await self.transact(lambda store: store.alerts_without_next_step(now, OVERDUE_GRACE_MS))
        return [alert for alert in found if has_no_next_step(alert) or (alert.wake_at or now) < now - OVERDUE_GRACE_MS]

    def _process_findings(self, now: Instant, findings: Sequence[Finding], store: AlertStore) -> list[IntakeResult]:
        return self.intake.process(Transaction(store, now), findings)

    def _find(self, store: AlertRepository, number: int) -> Alert:
        alert = store.alert(number)
        if alert is None:
            raise NoSuchAlert(number)
        return alert

    def _changed(self, alerts: Sequence[int]) -> None:
        """After the commit: report the changed alerts, and that the outbox may hold messages."""
        for alert in dict.fromkeys(alerts):
            self.on_change(str(alert))
        if alerts:
            self.on_outbox()


def _is_waited_for(finding: Finding) -> bool:
    """Whether a person in danger waits for its message."""
    is_active = finding.phase in (FindingPhase.BEGAN, FindingPhase.GRADED)
    return is_active and finding.severity is Severity.CRITICAL and finding.ledger is Ledger.DANGER
