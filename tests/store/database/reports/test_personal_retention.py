"""Personal data of alerts settled long ago is erased, in small transactions; what statistics need stays."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, insert, select, update

from alerts.alert import State, TimelineEntry
from domain import DAY, FindingPhase
from store.database.alerts import statistics
from store.database.alerts.repository import SqlAlertStore
from store.database.alerts.tables import alert_findings, alerts, deliveries, reply_codes, timeline
from store.database.exchange.tables import exchange_cases, exchange_events
from store.database.reports.personal_retention import Erased, erase_personal
from store.database.reports.tables import alert_photos, reports
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of

NAME, PHONE, WORDS = "王小明", "13912345678", "我是王小明，住402，请快来"
BEFORE = NOW + DAY
MEASURED = '[{"quantity": "心率130", "value": 130}]'
SECRETS = (NAME, PHONE, "老槐树", "心率130", "19900000001")


def add(tx: Connection, number: int, state: State = State.CLOSED, **changes: Any) -> int:
    """An alert about a report, with words of people in every place that may hold them."""
    store = SqlAlertStore(tx)
    one = finding(id=f"gas@1/g{number}/0")
    described: dict[str, Any] = {"description": WORDS, "vulnerable": f"{NAME}：独居", "owner_name": NAME}
    alert = store.add_alert(alert_of(one, state=state, **described, **changes)).id
    store.record_finding(one, alert)
    store.record_finding(replace(one, phase=FindingPhase.ENDED), alert)
    lines = [("opened", f"市民上报：{WORDS}", None), ("comment", "老槐树旁，家属电话见单", "li")]
    store.add_timeline([TimelineEntry(alert, NOW, kind, text, person=who) for kind, text, who in lines])
    store.flush()
    store.enqueue([replace(delivery_of(alert, number, NOW), name=NAME, address="19900000001")])
    store.assign_reply_code("19900000001", alert, "wang", NOW)
    tx.execute(update(alerts).where(alerts.c.id == alert).values(subject_type="person", evidence=MEASURED))
    report: dict[str, Any] = {
        "alert": alert,
        "category": "gas",
        "text": WORDS,
        "created_at": NOW,
        "place_source": "code",
        "answer": "",
    }
    report |= {"number": f"R{number}", "place_source": "code", "answer": ""}
    tx.execute(insert(reports).values(**report, phone=PHONE, lat=31.2, lon=121.4, feedback=f"谢谢，{NAME}"))
    photo = {"alert": alert, "purpose": "report", "digest": "ab", "width": 1, "height": 1, "size": 1, "at": NOW}
    tx.execute(insert(alert_photos).values(**photo, by_name=NAME))
    event = {"type": "case.opened", "subject": str(alert), "alert": alert, "at": NOW, "data": {"text": WORDS}}
    tx.execute(insert(exchange_events).values(**event))
    case = {"system": "hotline", "external_id": str(alert), "alert": alert, "direction": "in", "digest": "x"}
    fields = {"caller": NAME, "phone": PHONE, "category": "gas"}
    times = {"their_version": NOW, "opened_at": NOW, "updated_at": NOW}
    tx.execute(insert(exchange_cases).values(**case, **times, fields=fields, state="open"))
    return alert


def everything(tx: Connection, alert: int) -> str:
    """All that is kept about an alert, as text."""
    of_alert = (
        timeline,
        deliveries,
        alert_findings,
        reply_codes,
        reports,
        alert_photos,
        exchange_events,
        exchange_cases,
    )
    rows = [tx.execute(select(table).where(table.c.alert == alert)).all() for table in of_alert]
    return str([*rows, tx.execute(select(alerts).where(alerts.c.id == alert)).all()])


def test_nothing_of_a_person_is_left_and_the_statistics_are_the_same(tx: Connection) -> None:
    alert = add(tx, 1)
    assert all(secret in everything(tx, alert) for secret in SECRETS)
    before = statistics.alert_statistics(tx, NOW - DAY, NOW + DAY)

    assert erase_personal(tx, BEFORE, NOW, "（已删除）") == Erased(1, 1, 1, 1)
    left = everything(tx, alert)
    assert [secret for secret in SECRETS if secret in left] == []
    assert "'category': 'gas'" in left
    assert statistics.alert_statistics(tx, NOW - DAY, NOW + DAY) == before
    (row,) = tx.execute(select(reports)).all()
    assert (row.category, row.erased_at, row.lat) == ("gas", NOW, None)
    assert SqlAlertStore(tx).alert(alert) is not None


def test_alerts_that_are_open_or_changed_lately_keep_what_helpers_need(tx: Connection) -> None:
    kept = [add(tx, 1, State.ACKNOWLEDGED), add(tx, 2, updated_at=BEFORE)]
    assert erase_personal(tx, BEFORE, NOW, "×") == Erased()
    assert all(PHONE in everything(tx, alert) for alert in kept)


def test_a_merged_alert_is_erased_with_the_one_that_helpers_still_work_on(tx: Connection) -> None:
    """Its words stand in the other's messages too, which may not be sent yet."""
    case = add(tx, 1, State.ACKNOWLEDGED)
    merged = add(tx, 2, merged_into=case)
    assert erase_personal(tx, BEFORE, NOW, "×") == Erased()
    assert all(PHONE in everything(tx, alert) for alert in (case, merged))

    tx.execute(update(alerts).where(alerts.c.id == case).values(state=State.CLOSED.value))
    assert erase_personal(tx, BEFORE, NOW, "×").alerts == 2
    assert not [one for alert in (case, merged) for one in SECRETS if one in everything(tx, alert)]


def test_a_few_at_a_time_each_once_and_again_after_a_later_change(tx: Connection) -> None:
    first, *_ = [add(tx, number) for number in range(1, 6)]
    assert [erase_personal(tx, BEFORE, NOW, "×", limit=2).alerts for _ in range(4)] == [2, 2, 1, 0]
    tx.execute(update(alerts).where(alerts.c.id == first).values(description=WORDS, updated_at=BEFORE + 1))
    assert erase_personal(tx, BEFORE, NOW, "×").alerts == 0
    assert erase_personal(tx, BEFORE + 2, NOW, "×").alerts == 1
    assert NAME not in everything(tx, first)


@pytest.mark.parametrize("phase", [FindingPhase.BEGAN])
def test_a_finding_that_goes_on_keeps_its_body(tx: Connection, phase: FindingPhase) -> None:
    alert = add(tx, 1)
    tx.execute(alert_findings.delete().where(alert_findings.c.phase != phase.value))
    erase_personal(tx, BEFORE, NOW, "×")
    assert all(row.body for row in tx.execute(select(alert_findings).where(alert_findings.c.alert == alert)))


def test_a_resolved_danger_waits_for_its_verifier_and_is_read_by_him(tx: Connection) -> None:
    alert = add(tx, 1, State.RESOLVED)
    tx.execute(update(alerts).where(alerts.c.id == alert).values(ledger="danger"))
    before = everything(tx, alert)
    assert erase_personal(tx, BEFORE, NOW, "（已删除）") == Erased()
    assert everything(tx, alert) == before
    tx.execute(update(alerts).where(alerts.c.id == alert).values(state=State.VERIFIED.value))
    assert erase_personal(tx, BEFORE, NOW, "（已删除）").alerts == 1


def test_a_repaired_device_has_no_verifier_to_wait_for(tx: Connection) -> None:
    add(tx, 1, State.RESOLVED)
    assert erase_personal(tx, BEFORE, NOW, "（已删除）").alerts == 1
