"""A swap from the text message to the answer: the code is typed on a telephone, and both colleagues are notified."""

from __future__ import annotations

import asyncio
from typing import Any

from console.security.swap_codes import FAILURES_OF_ALL, CodeRateLimit
from domain import MINUTE
from store.database.alerts.repository import SqlAlertStore
from tests.console.api.test_swaps import PATH, SWAP, on_duty
from tests.support.console_harness import Client, ConsoleHarness

LINK = "/api/v1/swap/link"


async def messages_about(harness: ConsoleHarness, swap: str) -> list[Any]:
    return await harness.database.read(lambda tx: SqlAlertStore(tx).deliveries_about(f"swap:{swap}"))


async def test_the_code_of_a_text_opens_the_swap_and_the_asker_is_notified_of_the_answer(
    harness: ConsoleHarness, admin: Client, anyone: Client
) -> None:
    proposed = (await admin.post(PATH, json=SWAP)).json()
    [asked] = await messages_about(harness, proposed["id"])
    assert (asked.person, asked.alert, asked.kind) == ("w-li", None, "swap_asked")
    code = asked.payload["message"]["code"]
    assert (code.isdecimal(), len(code)) == (True, 8)
    assert asked.payload["message"]["link"] == proposed["link"]

    opened = await anyone.post(LINK, json={"code": f"{code[:4]} {code[4:]}"})
    assert opened.status_code == 200, opened.text
    answer = {"link": opened.json()["link"], "answer": "accept"}
    assert (await anyone.post("/api/v1/swap", json=answer)).json()["state"] == "accepted"
    assert await on_duty(admin, "worker", "23T12:00") == ["w-li"]
    assert [(row.person, row.kind) for row in await messages_about(harness, proposed["id"])] == [
        ("w-li", "swap_asked"),
        ("w-zhang", "swap_agreed"),
    ]

    at = "2026-11-21T22:05:00+08:00"
    why = (await admin.get("/api/v1/why", params={"person": "w-li", "at": at})).json()
    assert [fact["text"] for fact in why["items"] if fact["kind"] == "told"] == ["用值班日志通知李四：请他答复换班"]
    about = (await admin.get("/api/v1/why", params={"message": asked.id})).json()
    assert about["answer"].startswith("给李四的这条消息（请他答复换班）与告警无关，现在的状态：")


async def test_wrong_codes_are_refused_and_then_have_to_wait(
    harness: ConsoleHarness, admin: Client, anyone: Client
) -> None:
    proposed = (await admin.post(PATH, json=SWAP)).json()
    [asked] = await messages_about(harness, proposed["id"])
    refused = [(await anyone.post(LINK, json={"code": "00000000"})).status_code for _ in range(11)]
    assert refused == [409] * 10 + [429]
    code = asked.payload["message"]["code"]
    assert (await anyone.post(LINK, json={"code": code})).status_code == 429
    harness.now += MINUTE
    assert (await anyone.post(LINK, json={"code": code})).status_code == 200


async def test_codes_guessed_at_the_same_time_are_limited_like_others(admin: Client, anyone: Client) -> None:
    await admin.post(PATH, json=SWAP)
    guesses = (anyone.post(LINK, json={"code": f"{number:08}"}) for number in range(30))
    refused = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert refused.count(429) == 20


def test_guesses_from_many_addresses_are_limited_together() -> None:
    limit = CodeRateLimit()
    for number in range(FAILURES_OF_ALL):
        assert limit.wait_ms(f"10.0.0.{number}", 1) == 0
        limit.record_failure(f"10.0.0.{number}", 1)
    assert limit.wait_ms("10.0.1.1", 1) == MINUTE


async def test_leave_that_the_desk_registers_is_notified_to_both_and_its_removal_too(
    harness: ConsoleHarness, admin: Client
) -> None:
    leave = {
        "kind": "leave", "person": "w-zhang", "substitute": "w-li", "reason": "发烧", "leave": "病假",
        "from": "2026-11-23T00:00:00+08:00", "until": "2026-11-24T00:00:00+08:00",
    }  # fmt: skip
    stored = (await admin.post("/api/v1/rosters/overrides", json=leave)).json()
    assert (await admin.delete(f"/api/v1/rosters/overrides/{stored['id']}")).status_code == 204
    rows = await harness.database.read(lambda tx: SqlAlertStore(tx).deliveries_about(f"override:{stored['id']}"))
    assert [(row.person, row.kind.value) for row in rows] == [
        ("w-li", "cover"),
        ("w-zhang", "leave"),
        ("w-li", "cover_ended"),
        ("w-zhang", "leave_ended"),
    ]
    assert all("发烧" not in str(row.payload) for row in rows), "the reason of a leave is not for the substitute"
