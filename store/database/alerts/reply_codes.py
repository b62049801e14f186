"""Which number stands for which alert on a phone: given out, found again, and reused when the alert is dealt with."""

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


def assign_code(tx: Connection, phone: str, alert: int, person: str, now: Instant) -> int | None:
    """This phone's number for this alert, given out when it has none; None when all 99 are of open alerts."""
    held = tx.execute(_CODES, {"phone": phone}).all()
    known = next((row.number for row in held if row.alert == alert), None)
    if known is not None:
        return int(known)
    # A number rests for a day after its alert was closed: until then a late answer still finds the right one.
    rested = [row.number for row in held if row.state == "closed" and row.updated_at < now - _REUSE_DELAY_MS]
    number = smallest_free({row.number for row in held} - set(rested))
    if number is None:
        # All 99 in use: a number that can still be answered is worth more than one whose alert is dealt with.
        settled = [row for row in held if row.state in _SETTLED]
        if not settled:
            return None
        number = min(settled, key=lambda row: row.updated_at).number
        rested.append(number)
    if number in rested:
        old = and_(reply_codes.c.phone == phone, reply_codes.c.number == number)
        tx.execute(delete(reply_codes).where(old))
    row = {"phone": phone, "number": number, "alert": alert, "person": person, "since": now}
    tx.execute(insert(reply_codes), row)
    return number


def list_codes(tx: Connection, phone: str) -> list[ReplyCode]:
    """The numbers of a phone, newest first."""
    mine = select(reply_codes).where(reply_codes.c.phone == phone).order_by(reply_codes.c.since.desc())
    return [ReplyCode(row.number, row.alert, row.person) for row in tx.execute(mine)]
