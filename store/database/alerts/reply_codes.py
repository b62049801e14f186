"""Reply codes: the number of an alert on each phone, reused once the alert is settled."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from alerts.alert import SETTLED_STATES
from alerts.ports import ReplyCode
from alerts.reply_parsing.codes import smallest_free
from domain import DAY, Instant
from store.database.alerts.tables import alerts, reply_codes

_SETTLED: Final = tuple(state.value for state in SETTLED_STATES)
_REUSE_DELAY_MS: Final = DAY
_CODES = (
    select(reply_codes.c.number, reply_codes.c.alert, alerts.c.state, alerts.c.updated_at)
    .join(alerts, alerts.c.id == reply_codes.c.alert)
    .where(reply_codes.c.phone == bindparam("phone"))
)

_INSERT = insert(reply_codes)


def assign_code(tx: Connection, phone: str, alert: int, person: str, now: Instant) -> int | None:
    """This phone's number for this alert, assigned if it has none; None when all 99 belong to active alerts."""
    assigned = tx.execute(_CODES, {"phone": phone}).all()
    existing = next((row.number for row in assigned if row.alert == alert), None)
    if existing is not None:
        return int(existing)
    # A number is reused a day after its alert was closed: until then a late reply still finds the right alert.
    reusable = [row.number for row in assigned if row.state == "closed" and row.updated_at < now - _REUSE_DELAY_MS]
    number = smallest_free({row.number for row in assigned} - set(reusable))
    if number is None:
        # All 99 are in use: the number of the alert settled longest ago is reassigned.
        settled = [row for row in assigned if row.state in _SETTLED]
        if not settled:
            return None
        number = min(settled, key=lambda row: row.updated_at).number
        reusable.append(number)
    if number in reusable:
        previous = and_(reply_codes.c.phone == phone, reply_codes.c.number == number)
        tx.execute(delete(reply_codes).where(previous))
    row = {"phone": phone, "number": number, "alert": alert, "person": person, "since": now}
    tx.execute(_INSERT, row)
    return number


def list_codes(tx: Connection, phone: str) -> list[ReplyCode]:
    """The numbers assigned on a phone, newest first."""
    query = select(reply_codes).where(reply_codes.c.phone == phone).order_by(reply_codes.c.since.desc())
    return [ReplyCode(row.number, row.alert, row.person) for row in tx.execute(query)]
