"""Swaps of shifts: nothing changes without the consent of the other person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import HOUR
from tests.support.console_harness import Client, ConsoleHarness

PATH = "/api/v1/rosters/swaps"
SWAP = {
    "asker": "w-zhang", "other": "w-li", "from": "2026-11-23T00:00:00+08:00", "until": "2026-11-24T00:00:00+08:00",
    "reason": "孩子家长会",
}  # fmt: skip
BACK = {"back_from": "2026-11-25T08:00:00+08:00", "back_until": "2026-11-25T18:00:00+08:00"}


async def on_duty(client: Client, role: str, at: str) -> list[str]:
    params = {"place": "b3", "role": role, "at": f"2026-11-{at}:00+08:00"}
    return [one["id"] for one in (await client.get("/api/v1/rosters/on-duty", params=params)).json()["items"]]


async def test_a_swap_takes_effect_when_the_other_person_agrees_with_the_link(admin: Client, anyone: Client) -> None:
    proposed = await admin.post(PATH, json={**SWAP, **BACK})
    assert proposed.status_code == 201, proposed.text
    assert (proposed.json()["state"], await on_duty(admin, "worker", "23T12:00")) == ("proposed", ["w-zhang"])

    link = proposed.json()["link"].removeprefix("/swap#")
    shown = (await anyone.get("/api/v1/swap", params={"link": link})).json()
    assert (shown["asker_name"], shown["other_name"], shown["state"]) == ("张三", "李四", "proposed")
    accepted = await anyone.post("/api/v1/swap", json={"link": link, "answer": "accept", "reason": "可以"})
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")
    assert await on_duty(admin, "worker", "23T12:00") == ["w-li"]
    assert await on_duty(admin, "lead", "25T12:00") == ["w-zhang"]
    assert await on_duty(admin, "worker", "24T12:00") == ["w-zhang"]

    again = await anyone.post("/api/v1/swap", json={"link": link, "answer": "decline"})
    assert (again.status_code, again.json()["detail"]) == (409, "这个换班已经同意，不能再改。")
    entry = (await admin.get("/api/v1/audit")).json()["items"][0]
    assert (entry["actor"], entry["action"]) == ("w-li", "swap accepted")
    assert entry["detail"] == entry["detail"] | {"answered_with": "link", "answer_reason": "可以"}


async def test_nobody_agrees_on_behalf_of_the_other_person(admin: Client, bearer: Callable[..., Any]) -> None:
    worker = await bearer("worker", person="w-zhang")
    proposed = await worker.post(PATH, json=SWAP)
    answer = f"{PATH}/{proposed.json()['id']}/answer"
    for client in (admin, worker, await bearer("dispatcher")):
        refused = await client.post(answer, json={"answer": "accept"})
        assert (refused.status_code, await on_duty(admin, "worker", "23T12:00")) == (403, ["w-zhang"])
    other = await bearer("worker", person="w-li")
    assert (await other.post(answer, json={"answer": "decline"})).json()["state"] == "declined"
    assert await on_duty(admin, "worker", "23T12:00") == ["w-zhang"]


async def test_an_agreed_swap_is_withdrawn_and_the_roster_holds_again(
    admin: Client, bearer: Callable[..., Any]
) -> None:
    swap = (await admin.post(PATH, json=SWAP)).json()["id"]
    other = await bearer("worker", person="w-li")
    assert (await other.post(f"{PATH}/{swap}/answer", json={"answer": "accept"})).status_code == 200
    half = (await admin.get("/api/v1/rosters/overrides")).json()["items"][0]
    assert (await admin.delete(f"/api/v1/rosters/overrides/{half['id']}")).status_code == 409
    withdrawn = await other.post(f"{PATH}/{swap}/withdraw", json={"reason": "生病"})
    assert withdrawn.json()["state"] == "withdrawn"
    assert await on_duty(admin, "worker", "23T12:00") == ["w-zhang"]
    assert (await admin.post(f"{PATH}/{swap}/withdraw", json={"reason": "再撤"})).status_code == 409
    assert [one["state"] for one in (await admin.get(PATH)).json()["items"]] == ["withdrawn"]


async def test_a_swap_expires_without_an_answer(harness: ConsoleHarness, admin: Client, anyone: Client) -> None:
    proposed = (await admin.post(PATH, json={**SWAP, "expires": "2026-11-22T00:00:00+08:00"})).json()
    harness.now += 2 * HOUR
    assert (await admin.get(PATH)).json()["items"][0]["state"] == "expired"
    link = proposed["link"].removeprefix("/swap#")
    assert (await anyone.post("/api/v1/swap", json={"link": link, "answer": "accept"})).status_code == 403
    withdrawn = await admin.post(f"{PATH}/{proposed['id']}/withdraw", json={"reason": "过期"})
    assert withdrawn.status_code == 409


async def test_an_answer_comes_before_the_first_turn(admin: Client) -> None:
    swap = {**SWAP, "from": "2026-11-22T08:00:00+08:00", "until": "2026-11-22T20:00:00+08:00"}
    assert (await admin.post(PATH, json=swap)).json()["expires_at"].startswith("2026-11-22T08:00:00")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"other": "w-zhang"}, "other"),
        ({"other": "unknown"}, "other"),
        ({"back_from": "2026-11-25T08:00:00+08:00"}, "back_until"),
        ({"expires": "2026-11-01T00:00:00+08:00"}, "expires"),
        ({"until": "2026-11-01T00:00:00+08:00"}, "until"),
    ],
)
async def test_a_faulty_swap_is_refused_by_field(admin: Client, change: dict[str, Any], field: str) -> None:
    refused = await admin.post(PATH, json={**SWAP, **change})
    assert (refused.status_code, {error["field"] for error in refused.json()["errors"]}) == (422, {field})


async def test_strangers_forged_links_and_unknown_swaps_are_refused(
    admin: Client, anyone: Client, bearer: Callable[..., Any]
) -> None:
    stranger = await bearer("worker", person="w-li")
    assert (await stranger.post(PATH, json=SWAP)).status_code == 403
    assert (await (await bearer("viewer", person="w-zhang")).post(PATH, json=SWAP)).status_code == 403
    assert (await anyone.get("/api/v1/swap", params={"link": "e30.forged"})).status_code == 403
    assert (await admin.post(f"{PATH}/s-unknown/answer", json={"answer": "accept"})).status_code == 404
    mine = (await admin.post(PATH, json=SWAP)).json()["id"]
    outsider = await bearer("worker", person="r-wang")
    assert (await outsider.post(f"{PATH}/{mine}/withdraw", json={"reason": "x"})).status_code == 403
