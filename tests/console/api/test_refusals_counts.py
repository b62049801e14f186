"""Refusals beyond the hourly limit are counted, and the count is shown."""

from __future__ import annotations

from domain import Lane, RefusalReason
from ingest.results import Refusal
from store.database.refusals import refusals
from tests.support.console_harness import T0, Client, ConsoleHarness


def refused(identity: str, n: int, reason: RefusalReason = RefusalReason.UNKNOWN_DEVICE) -> Refusal:
    return Refusal(T0 - 1_000 + n, "zigbee2mqtt", "t", b"x", reason, f"no {identity}", "zigbee2mqtt", identity)


async def test_1350_refused_messages_are_not_reported_as_1000(harness: ConsoleHarness, admin: Client) -> None:
    flood = [refused("stranger", n % 900) for n in range(1_350)]
    await harness.database.write(lambda tx: refusals.store_refusals(tx, Lane.BULK, 1, flood, 1_000))
    listed = (await admin.get("/api/v1/refusals?limit=1")).json()
    claimed = (await admin.get("/api/v1/claimable")).json()

    assert (listed["summary"]["kept"], listed["summary"]["counted"]) == (1_000, 350)
    assert listed["summary"]["by"] == [
        {"source": "zigbee2mqtt", "reason": "unknown_device", "kept": 1_000, "counted": 350}
    ]
    assert claimed["summary"]["counted"] == 350
    assert [(one["messages"], one["at_least"]) for one in claimed["items"]] == [(1_000, True)]


async def test_the_summary_follows_the_filters(harness: ConsoleHarness, admin: Client) -> None:
    both = [refused("a", 1), refused("b", 2, RefusalReason.BAD_VALUE)]
    await harness.database.write(lambda tx: refusals.store_refusals(tx, Lane.BULK, 1, both, 9))

    async def total(query: str) -> int:
        return int((await admin.get(f"/api/v1/refusals?{query}")).json()["summary"]["kept"])

    assert [await total(f"reason={one}") for one in ("bad_value", "too_large")] == [1, 0]
    assert [await total(f"source={one}") for one in ("zigbee2mqtt", "mqtt")] == [2, 0]
    assert [await total(f"from={one}") for one in ("2026-11-21T21:00:00%2B08:00", "2026-11-22T00:00:00%2B08:00")] == [
        2,
        0,
    ]
    assert [await total(f"to={one}") for one in ("2026-11-21T21:00:00%2B08:00", "2026-11-22T00:00:00%2B08:00")] == [
        0,
        2,
    ]
    assert (await admin.get("/api/v1/claimable")).json()["items"][0]["at_least"] is False


async def test_why_finds_a_refusal_of_a_device_among_many_of_others(harness: ConsoleHarness, admin: Client) -> None:
    flood = [refused("loud", n) for n in range(250)]
    refusal = refused("kitchen-402", 0, RefusalReason.BAD_VALUE)
    await harness.database.write(lambda tx: refusals.store_refusals(tx, Lane.BULK, 1, [refusal, *flood], 1_000))
    elsewhere = Refusal(T0, "tasmota", "t", b"x", RefusalReason.BAD_VALUE, "another's", "tasmota", "kitchen-402")
    await harness.database.write(lambda tx: refusals.store_refusals(tx, Lane.BULK, 2, [elsewhere], 1_000))

    facts = (await admin.get("/api/v1/why?device=gas-402&at=2026-11-21T22:05:00%2B08:00")).json()["items"]
    assert [one["text"] for one in facts if one["kind"] == "refusal"] == [
        "有一条消息没有被采用（bad_value）：no kitchen-402"
    ]
