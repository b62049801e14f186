"""`/refusals`: reason, payload, filters and pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domain import Lane, RefusalReason
from ingest.results import Refusal
from store.database.refusals import refusals
from tests.support.console_harness import T0, Client, ConsoleHarness


async def test_a_worker_may_not_read_refusals(bearer: Callable[..., Any]) -> None:
    assert (await (await bearer("worker", person="w-li")).get("/api/v1/refusals")).status_code == 403
    assert (await (await bearer("viewer")).get("/api/v1/refusals")).status_code == 200


async def test_refusals_have_the_reason_and_the_payload(harness: ConsoleHarness, admin: Client) -> None:
    refused = [
        Refusal(
            T0, "zigbee2mqtt", "zigbee2mqtt/x", b'{"gas":tr', RefusalReason.BAD_PAYLOAD, "not JSON", "zigbee2mqtt", "x"
        ),
        Refusal(
            T0 + 1, "native", "fengshao/v1/ghost/up", b"\xff\x00", RefusalReason.UNKNOWN_DEVICE, "nobody knows ghost"
        ),
    ]
    await harness.database.write(lambda tx: refusals.store_refusals(tx, Lane.BULK, 1, refused, 100))
    items = (await admin.get("/api/v1/refusals")).json()["items"]

    assert [(one["source"], one["reason"], one["topic"], one["detail"]) for one in items] == [
        ("native", "unknown_device", "fengshao/v1/ghost/up", "nobody knows ghost"),
        ("zigbee2mqtt", "bad_payload", "zigbee2mqtt/x", "not JSON"),
    ]
    assert items[1]["at"] == "2026-11-21T22:05:00.000+08:00"
    assert (items[1]["payload"], items[1]["payload_encoding"]) == ('{"gas":tr', "text")
    assert (items[0]["payload"], items[0]["payload_encoding"], items[0]["payload_bytes"]) == ("/wA=", "base64", 2)


async def test_refusals_are_filtered_and_paged(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    refused = [Refusal(T0 + n, "native", f"t/{n}", b"{", RefusalReason.BAD_PAYLOAD, "not JSON") for n in range(3)]
    await harness.database.write(lambda tx: refusals.store_refusals(tx, Lane.BULK, 1, refused, 100))

    async def topics(query: str) -> list[str]:
        return [one["topic"] for one in (await admin.get(f"/api/v1/refusals?{query}")).json()["items"]]

    first = (await admin.get("/api/v1/refusals?limit=2")).json()
    assert await topics(f"limit=2&next={first['next']}") == ["t/0"]
    assert await topics("reason=bad_payload&source=native") == ["t/2", "t/1", "t/0"]
    assert await topics("reason=too_large") == []
    assert await topics("from=2026-11-21T22:05:00.001%2B08:00&to=2026-11-21T22:05:00.001%2B08:00") == ["t/1"]
    assert (await admin.get("/api/v1/refusals?reason=mood")).status_code == 422
    viewer = await bearer("viewer")
    assert "payload" not in (await viewer.get("/api/v1/refusals")).json()["items"][0]
