"""The outbox writer: one message to one person on one channel becomes one row. The escalator decides who."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct, structs

from alerts.alert import Alert, State
from alerts.channel_specs import EMAIL, LOGBOOK, SMS, WECHAT, WECOM, Content, FollowUp, spec_of
from alerts.message import Delivery, MessageKind
from alerts.messages.admission import OutboxAdmission
from alerts.messages.cards import CardRenderer
from alerts.messages.contents import ContentRenderer
from alerts.messages.deliveries import (
    EXPIRES_MS,
    address_of,
    answer_key_prefix,
    delivery_id,
    follow_up,
    postponed,
    priority_of,
)
from alerts.messages.keywords import KeywordTemplate
from alerts.messages.renderer import MessageContext, MessageRenderer
from alerts.messages.together import MAY_WAIT, follow_up_span, next_begin
from alerts.ports import Transaction
from domain import Instant, Person
from domain.people import Community
from domain.roles import RoleKind, Roles


class CallRequest(Struct, frozen=True):
    """A call to enqueue: person, role, rung, kind, the time limit it states in ms, and the earliest time to send."""

    person: Person
    role: str
    rung: int
    kind: MessageKind
    limit_ms: int
    not_before: Instant
    audience: RoleKind = RoleKind.STAFF
    """Decides the wording, and which personal data the message may contain."""
    address: str | None = None
    """The place as this recipient may know it; None: down to the door."""
    name: str = ""
    """The person in charge, for those who are informed."""
    occasion: str = ""
    """Why an informed person is told now: empty at the opening, else `acknowledged`, `resolved` or `closed`."""


PageUrl = Callable[[int, str, Instant], str]
"""The signed URL of this person's page for this alert; empty when there is none."""


def no_page_url(_alert: int, _person: str, _now: Instant) -> str:
    """Without a public URL a card has no link."""
    return ""


AffectedName = Callable[[Alert], str]
"""Who may need help, as a text may name them; empty when nobody is known or the site does not allow names."""


class OutboxWriter:
    """Writes messages into the outbox, in the transaction of the change that causes them."""

    def __init__(
        self,
        renderer: MessageRenderer,
        channels: Collection[str],
        page: PageUrl,
        who: AffectedName,
        community: Callable[[], Community],
        keyword_templates: Mapping[str, KeywordTemplate] | None = None,
        roles: Roles = MappingProxyType({}),
    ) -> None:
        self.admission = OutboxAdmission(renderer.catalog, community, lambda: self.roles)
        self.renderer, self.page_url, self.affected_name, self.roles = renderer, page, who, roles
        self.cards = CardRenderer(renderer)
        self.contents = ContentRenderer(renderer, keyword_templates)
        self.enabled = frozenset(channels) | {LOGBOOK}

    def reachable_channels(self, person: Person, wanted: Sequence[str]) -> list[str]:
        """Those of these channels that are set up and have an address of this person.

        A site without any provider has its logbook only: then that reaches everybody.
        """
        if self.enabled == {LOGBOOK}:
            return [LOGBOOK]
        return [channel for channel in wanted if channel in self.enabled and address_of(person, channel)]

    def enqueue_call(self, tx: Transaction, alert: Alert, call: CallRequest, channels: Sequence[str]) -> list[Delivery]:
        """One row per channel. A phone whose 99 numbers are all in use gets no text: it could not be answered.

        Whom an exercise may not reach gets no reply code either: see `admission`.
        """
        if not self.admission.admits(tx, alert, call.person, call.role, call.kind, call.person.name):
            return []
        number = tx.store.next_delivery_number()
        rows: list[Delivery] = []
        for channel in channels:
            task = delivery_id(tx.now, number + len(rows))
            row = self._call_row(tx, alert, call, channel, task)
            if row is not None:
                rows.append(row)
        return self.admission.enqueue(tx, rows, alert)

    def enqueue_update(
        self,
        tx: Transaction,
        alert: Alert,
        earlier: Delivery,
        kind: MessageKind,
        name: str,
        not_before: Instant = 0,
        variant: str = "",
        count: int = 0,
    ) -> Delivery | None:
        """Follow-up to a person who was called: a text on the phone, an update of his WeCom card."""
        kind = _kind_for(alert, earlier, kind)
        task = delivery_id(tx.now, tx.store.next_delivery_number())
        payload = self._update_payload(tx, alert, earlier, kind, name, variant, count)
        if payload is None:
            return None
        taken_at = alert.responders[-1].at if alert.responders else alert.taken_at or tx.now
        since = tx.now if kind in (MessageKind.HELPING, MessageKind.HELPED) else taken_at
        key = f"{alert.id}:{alert.round}:{kind}:{earlier.person}:{earlier.channel}:{since}"
        row = follow_up(earlier, task, key, kind, payload, tx.now)
        is_update = spec_of(earlier.channel).follow_up is FollowUp.UPDATE
        row = structs.replace(row, ref=earlier.id) if is_update else postponed(row, not_before)
        span_ms = follow_up_span(kind, alert, variant)
        if span_ms and spec_of(row.channel).coded:
            begin = next_begin(tx.store, kind, row.channel, row.address, row.not_before, span_ms)
            row = structs.replace(postponed(row, begin), payload={**payload, MAY_WAIT: True})
        return next(iter(self.admission.enqueue(tx, [row], alert)), None)

    def draft(self, alert: Alert, call: CallRequest, channel: str, now: Instant) -> Delivery:
        """An unsaved message to this person on this channel."""
        return self._delivery(alert, call, channel, "", {}, now)

    def enqueue_answer(
        self,
        tx: Transaction,
        alert: Alert,
        earlier: Delivery,
        kind: MessageKind,
        numbers: Sequence[int],
        reason: str,
        variant: str = "",
    ) -> None:
        """A text in reply to a text; `numbers` are this phone's numbers of active alerts."""
        delivery = tx.store.next_delivery_number()
        context = MessageContext(
            kind=kind,
            now=tx.now,
            limit_ms=0,
            number=tx.store.assign_reply_code(earlier.address, alert.id, earlier.person, tx.now),
            name=earlier.name,
            count=len(numbers),
            numbers=tuple(numbers),
            reason=reason,
            variant=variant,
        )
        payload = structs.asdict(self.renderer.sms(alert, context))
        key = f"{answer_key_prefix(earlier.address)}{delivery}"
        row = follow_up(earlier, delivery_id(tx.now, delivery), key, kind, payload, tx.now)
        self.admission.enqueue(tx, [row], alert)

    def enqueue_digest(self, tx: Transaction, worst: Alert, earlier: Delivery, person: Person, count: int) -> bool:
        """One message for everything in this person's logbook; False when he cannot be reached or has had today's."""
        channels = self.reachable_channels(person, (WECOM, SMS, WECHAT, EMAIL))
        if not channels or channels[0] == LOGBOOK:
            return False
        context = MessageContext(kind=MessageKind.DIGEST, now=tx.now, limit_ms=0, count=count)
        key = f"digest:{person.id}:{self.renderer.local_date(tx.now)}"
        payload = self.contents.payload(spec_of(channels[0]), worst, context)
        row = follow_up(
            earlier, delivery_id(tx.now, tx.store.next_delivery_number()), key, MessageKind.DIGEST, payload, tx.now
        )
        row = structs.replace(row, channel=channels[0], address=address_of(person, channels[0]))
        return bool(self.admission.enqueue(tx, [row], worst))

    def enqueue_owner_card(self, tx: Transaction, alert: Alert, earlier: Delivery) -> None:
        """The owner's card, with the buttons for his next actions: 我已到场, 处置完毕."""
        task = delivery_id(tx.now, tx.store.next_delivery_number())
        key = f"{alert.id}:{alert.round}:{alert.state}:{earlier.person}:{earlier.channel}:{alert.taken_at}"
        payload: dict[str, object] = {
            "card": self.cards.owner_card(alert, tx.now, task, self.page_url(alert.id, earlier.person, tx.now))
        }
        self.admission.enqueue(tx, [follow_up(earlier, task, key, MessageKind.ACKNOWLEDGED, payload, tx.now)], alert)

    def enqueue_helper_card(self, tx: Transaction, alert: Alert, earlier: Delivery) -> None:
        """The card of a helper who accepted: the door, and buttons for arrival and withdrawal."""
        task = delivery_id(tx.now, tx.store.next_delivery_number())
        key = f"{alert.id}:{alert.round}:{MessageKind.HELPING}:{earlier.person}:{earlier.channel}:{tx.now}"
        payload: dict[str, object] = {"card": self.cards.helper_card(alert, tx.now, task)}
        self.admission.enqueue(tx, [follow_up(earlier, task, key, MessageKind.HELPING, payload, tx.now)], alert)

    def _update_payload(
        self, tx: Transaction, alert: Alert, earlier: Delivery, kind: MessageKind, name: str, variant: str, count: int
    ) -> dict[str, object] | None:
        spec = spec_of(earlier.channel)
        if spec.follow_up is FollowUp.NONE:
            return None
        context = MessageContext(
            kind=kind,
            now=tx.now,
            limit_ms=0,
            name=name,
            at=tx.now,
            count=count,
            coded=spec.coded,
            variant=variant,
        )
        if spec.follow_up is FollowUp.UPDATE:
            # The text is sent where the message can no longer be changed.
            return {"button": self.cards.button_text(kind, name), "text": self.contents.sentence(alert, context)}
        if spec.coded:
            number = tx.store.assign_reply_code(earlier.address, alert.id, earlier.person, tx.now)
            context = structs.replace(context, number=number)
        # Who was only asked to assist has no page: it shows who lives there.
        page = "" if earlier.kind is MessageKind.ASSIST else self.page_url(alert.id, earlier.person, tx.now)
        return self.contents.payload(spec, alert, context, page)

    def _call_row(self, tx: Transaction, alert: Alert, call: CallRequest, channel: str, task: str) -> Delivery | None:
        address = address_of(call.person, channel)
        payload = self._call_payload(tx, alert, call, channel, address, task)
        return None if payload is None else self._delivery(alert, call, channel, task, payload, tx.now)

    def _delivery(
        self, alert: Alert, call: CallRequest, channel: str, task: str, payload: dict[str, object], now: Instant
    ) -> Delivery:
        again = alert.returns if call.kind is MessageKind.HANDOVER else ""
        return Delivery(
            id=task,
            key=f"{alert.id}:{alert.round}:{call.rung}:{call.person.id}:{channel}:{call.kind}{again}"
            + (f":{call.occasion}" if call.occasion else ""),
            alert=alert.id,
            round=alert.round,
            rung=call.rung,
            person=call.person.id,
            name=call.person.name,
            role=call.role,
            channel=channel,
            kind=call.kind,
            priority=priority_of(alert) + (call.kind is MessageKind.INFORM),
            address=address_of(call.person, channel),
            payload=payload,
            created_at=now,
            not_before=call.not_before,
            expires_at=call.not_before + EXPIRES_MS,
        )

    def _call_payload(
        self, tx: Transaction, alert: Alert, call: CallRequest, channel: str, address: str, task: str
    ) -> dict[str, object] | None:
        spec, is_staff = spec_of(channel), call.audience is RoleKind.STAFF
        shown = alert if call.address is None else without_door(alert, call.address)
        is_asked = call.kind is not MessageKind.INFORM
        context = MessageContext(
            kind=call.kind,
            now=tx.now,
            limit_ms=call.limit_ms,
            name=call.name or alert.owner_name or "",
            variant=_variant(call),
            affected_name=self.affected_name(alert) if is_staff else "",
            coded=spec.coded and is_asked,
        )
        page = self.page_url(alert.id, call.person.id, tx.now) if is_staff else ""
        if spec.content is Content.CARD and is_asked:
            return {"card": self.cards.call_card(shown, context, task, page)}
        if context.coded:
            number = tx.store.assign_reply_code(address, alert.id, call.person.id, tx.now)
            if number is None:
                return None
            context = structs.replace(context, number=number)
        return self.contents.payload(spec, shown, context, page)


def without_door(alert: Alert, address: str) -> Alert:
    """The alert as it is shown to whoever may not know the door."""
    return structs.replace(alert, address=address, doors=(), place=None, device=None)


def _variant(call: CallRequest) -> str:
    """The audience, unless it is staff, and the occasion, unless it is the opening: `resident-resolved`."""
    audience = "" if call.audience is RoleKind.STAFF else call.audience.value
    return f"{audience}-{call.occasion}" if audience and call.occasion else audience or call.occasion


def _kind_for(alert: Alert, earlier: Delivery, kind: MessageKind) -> MessageKind:
    """The owner gets, by text, the codes for his next actions in place of the general follow-up."""
    if kind is not MessageKind.ACKNOWLEDGED or not spec_of(earlier.channel).coded or earlier.person != alert.owner:
        return kind
    return MessageKind.ARRIVED if alert.state is State.ON_SITE else MessageKind.OWNED
