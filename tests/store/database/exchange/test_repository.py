"""Events are written with the change that causes them, and vanish with it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from alerts.exchange.messages import Changes, NewEvent
from alerts.exchange.ports import CaseLinks, ExchangeStore
from alerts.ports import AlertStore
from domain import Finding, FindingPhase, Ledger, Severity, Subject
from store.database.alerts.transactions import Transactions
from store.database.database import Database
from store.database.exchange import outbox
from store.database.exchange.outbox import MessageFilter
from store.database.exchange.repository import ExchangeRecorder, ExchangeTransactions
from tests.support.alerts import alert_of

GAS = Finding(
    id="gas@1/d/0", rule="gas", version="1", phase=FindingPhase.BEGAN, hazard="gas", title="燃气", begin=0, at=0, now=0,
    severity=Severity.HIGH, ledger=Ledger.DANGER, subject=Subject("device", "d")
)  # fmt: skip


class Plan:
    """One event per changed alert; records what it was given."""

    def __init__(self) -> None:
        self.seen: list[Changes] = []

    def __call__(self, changes: Changes, _links: CaseLinks) -> Sequence[NewEvent]:
        self.seen.append(changes)
        return [NewEvent("t", "s", change.after.id, 0, {}, ("board",)) for change in changes.alerts]


def no_fault(about: str, error: Exception) -> None:
    raise AssertionError(about) from error


async def pending(database: Database) -> int:
    return len((await database.read(lambda tx: outbox.list_messages(tx, MessageFilter(), 99))).items)


async def test_an_event_is_written_with_its_change_or_not_at_all(database: Database) -> None:
    plan = Plan()
    transact = Transactions(database, ExchangeRecorder(plan, lambda: 5, no_fault))

    def open_and_change(store: AlertStore) -> None:
        alert = store.add_alert(alert_of(GAS))
        store.record_finding(GAS, alert.id)
        store.save_alert(replace(alert, title="变了"))

    def fail(store: AlertStore) -> None:
        store.add_alert(alert_of(GAS))
        raise OSError("the process dies here")

    await transact(open_and_change)
    with pytest.raises(OSError, match="dies"):
        await transact(fail)

    change = plan.seen[0].alerts[0]
    assert (change.before, change.after.title, plan.seen[1].findings) == (None, "变了", (GAS,))
    assert await pending(database) == 1


async def test_a_change_has_the_alert_as_it_was_before_the_transaction(database: Database) -> None:
    plan = Plan()
    transactions = Transactions(database, ExchangeRecorder(plan, lambda: 5, no_fault))
    alert = await transactions(lambda store: store.add_alert(alert_of(GAS)))

    def twice(store: AlertStore, _exchange: ExchangeStore) -> None:
        store.save_alert(replace(alert, title="一"))
        store.save_alert(replace(alert, title="二"))

    await ExchangeTransactions(database, transactions)(twice)
    change = plan.seen[-1].alerts[0]
    assert (getattr(change.before, "title", None), change.after.title) == ("燃气", "二")


async def test_without_partners_nothing_is_recorded(database: Database) -> None:
    transact = Transactions(database)
    await transact(lambda store: store.add_alert(alert_of(GAS)))

    assert await pending(database) == 0


async def test_an_alert_is_saved_although_no_event_can_be_made_of_it(database: Database) -> None:
    faults: list[str] = []

    def broken(_changes: Changes, _links: CaseLinks) -> Sequence[NewEvent]:
        raise KeyError("a bug")

    recorder = ExchangeRecorder(broken, lambda: 5, lambda about, _error: faults.append(about))
    alert = await Transactions(database, recorder)(lambda store: store.add_alert(alert_of(GAS)))

    assert await Transactions(database)(lambda store: store.alert(alert.id)) == alert
    assert faults == [f"alert {alert.id}"]
