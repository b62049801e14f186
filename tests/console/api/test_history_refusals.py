"""Values that the history server refused, over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from store.database.refusals.history_refusals import store_history_refusals
from store.refused_values import HistoryRefusalReason, RefusedValue
from tests.support.console_harness import T0, Client, ConsoleHarness

REASON = HistoryRefusalReason.TYPE_CONFLICT


async def test_they_are_listed_with_what_the_server_answered(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    refused = [RefusedValue("gas-402", "lel_pct", T0 + n, "24", REASON, "is type float") for n in range(3)]
    await harness.database.write(lambda tx: store_history_refusals(tx, refused, T0 + 9, limit=2))
    listed = (await admin.get("/api/v1/history/refusals?limit=1")).json()
    assert listed["summary"] == {"type_conflict": 3}
    assert [(one["device"], one["value"], one["sentence"]) for one in listed["items"]] == [
        ("gas-402", "24", "is type float")
    ]
    following = (await admin.get(f"/api/v1/history/refusals?limit=1&next={listed['next']}")).json()
    assert following["items"][0]["at"] < listed["items"][0]["at"]
    assert (await (await bearer("viewer")).get("/api/v1/history/refusals")).status_code == 403
