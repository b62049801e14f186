"""When a notice may go that others may be combined with."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from alerts.message import MessageKind
from alerts.messages.deliveries import follow_up
from alerts.messages.together import LATER_MS, combined_alerts, is_superseded, next_begin
from domain import HOUR, MINUTE
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.conftest import AlertHarness


async def test_the_first_goes_at_once_the_next_wait_in_turn(harness: AlertHarness, finding: Any) -> None:
    await harness.service.process_findings([finding()])
    call = next(row for row in harness.deliveries() if row.channel == "sms")
    now, kind = harness.clock.now, MessageKind.SUPERVISE

    def begin(channel: str = "sms", span_ms: int = HOUR) -> int:
        return harness.database.write_blocking(
            lambda tx: next_begin(SqlAlertStore(tx), kind, channel, call.address, now, span_ms)
        )

    def add(number: int, not_before: int) -> None:
        row = follow_up(call, f"d{number}", f"k{number}", kind, {}, now)
        harness.database.write_blocking(
            lambda tx: SqlAlertStore(tx).enqueue([structs.replace(row, not_before=not_before)])
        )

    assert (begin(), begin(span_ms=0), begin("wecom")) == (now, now, now)
    add(1, now)
    assert (begin(), begin("wecom")) == (now + HOUR, now)
    add(2, now + HOUR)
    assert begin() == now + HOUR + LATER_MS
    assert combined_alerts(call) == [1]
    assert combined_alerts(structs.replace(call, payload={"together": [1, 2]})) == [1, 2]


async def test_of_two_summaries_of_news_that_are_due_the_newer_is_sent_and_each_summary_of_calls(
    harness: AlertHarness, finding: Any
) -> None:
    """The first was leased, and over the limit itself, when the second one was made."""
    await harness.service.process_findings([finding()])
    call = next(row for row in harness.deliveries() if row.channel == "sms")
    now, kind = harness.clock.now, MessageKind.SUMMARY
    rows = [follow_up(call, f"s{n}", f"k{n}", kind, {**call.payload, "summary": name}, now)
        for n, name in enumerate(("news", "calls", "news", "calls", "news"))]  # fmt: skip
    rows[-1] = structs.replace(rows[-1], not_before=now + MINUTE)

    def superseded(store: Any) -> list[bool]:
        store.enqueue(rows)
        return [is_superseded(store, row, now) for row in [*rows, call]]

    assert await harness.service.transact(superseded) == [True, False, False, False, False, False]
    await harness.send()
    sent = {row.id: (row.state.value, row.code) for row in harness.deliveries() if row.kind is kind}
    assert sent["s0"] == ("skipped", "superseded")
    assert sent["s2"][0] in ("accepted", "delivered")
    assert sent["s4"][0] == "pending"
