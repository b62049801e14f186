"""Deliveries that are due, their leases, and what each provider has carried."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Integer, and_, bindparam, func, or_, select, update

from alerts.channel_specs import spec_of
from alerts.message import Delivery, DeliveryState
from domain import DAY, Instant
from store.database.alerts.rows import delivery_of
from store.database.alerts.tables import deliveries

_IN_DOUBT: Final = (DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value)
_LEASABLE = or_(
    and_(
        deliveries.c.state.in_((DeliveryState.PENDING.value, DeliveryState.UNKNOWN.value)),
        deliveries.c.not_before <= bindparam("now"),
    ),
    and_(deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.lease_until <= bindparam("now")),
)
_LEASE = (
    select(deliveries)
    .where(deliveries.c.channel == bindparam("channel"), _LEASABLE)
    .order_by(deliveries.c.priority, deliveries.c.not_before, deliveries.c.n)
    .limit(bindparam("most", type_=Integer))
)
_NEXT_DUE = select(
    func.min(deliveries.c.not_before).filter(
        deliveries.c.state.in_((DeliveryState.PENDING.value, DeliveryState.UNKNOWN.value))
    ),
    func.min(deliveries.c.lease_until).filter(deliveries.c.state == DeliveryState.SENDING.value),
).where(
    deliveries.c.channel == bindparam("channel"),
    deliveries.c.state.in_((DeliveryState.PENDING.value, DeliveryState.UNKNOWN.value, DeliveryState.SENDING.value)),
)
_OVERDUE = and_(deliveries.c.state == DeliveryState.ACCEPTED.value, deliveries.c.lease_until <= bindparam("now"))
_LEASE_OVERDUE = (
    select(deliveries)
    .where(deliveries.c.channel == bindparam("channel"), or_(_LEASABLE, _OVERDUE))
    .order_by(deliveries.c.priority, deliveries.c.not_before, deliveries.c.n)
    .limit(bindparam("most", type_=Integer))
)
"""For channels whose receipt must arrive in time: also what was accepted and has none."""
_NEXT_OVERDUE = select(
    func.min(deliveries.c.not_before).filter(
        deliveries.c.state.in_((DeliveryState.PENDING.value, DeliveryState.UNKNOWN.value))
    ),
    func.min(deliveries.c.lease_until).filter(
        deliveries.c.state.in_((DeliveryState.SENDING.value, DeliveryState.ACCEPTED.value))
    ),
).where(
    deliveries.c.channel == bindparam("channel"),
    deliveries.c.state.in_(
        (
            DeliveryState.PENDING.value,
            DeliveryState.UNKNOWN.value,
            DeliveryState.SENDING.value,
            DeliveryState.ACCEPTED.value,
        )
    ),
)

_MARK_LEASED = (
    update(deliveries)
    .where(deliveries.c.n == bindparam("b_n"))
    .values(
        state=DeliveryState.SENDING.value,
        lease_until=bindparam("b_lease_until"),
        attempts=deliveries.c.attempts + 1,
    )
)
_ASSIGN = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("b_id"))
    .values(provider=bindparam("provider"), template=bindparam("template"))
)


def lease(tx: Connection, channel: str, now: Instant, lease_until: Instant, limit: int) -> list[Delivery]:
    """Mark what is due on a channel as being sent until `lease_until`; most urgent first, as it was before."""
    query = _LEASE_OVERDUE if spec_of(channel).receipt_within_ms else _LEASE
    rows = tx.execute(query, {"channel": channel, "now": now, "most": limit}).all()
    if rows:
        tx.execute(_MARK_LEASED, [{"b_n": row._mapping["n"], "b_lease_until": lease_until} for row in rows])
    return [delivery_of(row) for row in rows]


def next_due(tx: Connection, channel: str) -> Instant | None:
    """When the next message of a channel is due."""
    query = _NEXT_OVERDUE if spec_of(channel).receipt_within_ms else _NEXT_DUE
    row = tx.execute(query, {"channel": channel}).one()
    return min((at for at in row if at is not None), default=None)


def assign_provider(tx: Connection, delivery: str, provider: str, template: str | None) -> None:
    """Store which provider is asked to carry a leased delivery."""
    tx.execute(_ASSIGN, {"b_id": delivery, "provider": provider, "template": template})


def count_carried(
    tx: Connection,
    channel: str,
    provider: str,
    since: Instant,
    address: str | None,
    template: str | None,
    besides: str,
) -> int:
    """Number of messages that this provider has sent, or may have sent, since then; `besides` is not counted."""
    carried = [
        deliveries.c.channel == channel,
        deliveries.c.provider == provider,
        deliveries.c.id != besides,
        or_(deliveries.c.sent_at >= since, deliveries.c.state.in_(_IN_DOUBT)),
    ]
    if address is not None:
        # A delivery is created at most a day before it is sent; the index of addresses has `created_at`.
        carried += [deliveries.c.address == address, deliveries.c.created_at >= since - DAY]
    if template is not None:
        carried.append(deliveries.c.template == template)
    return int(tx.execute(select(func.count()).select_from(deliveries).where(*carried)).scalar_one())
