"""A platform that cannot receive fetches its messages, and confirms them by the cursor of its next request."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from domain import DAY, MINUTE
from simulators.providers.faults import Fault, FaultKind
from store.database.exchange import outbox
from tests.console.api.test_exchange import ORDER
from tests.support.exchange_harness import ExchangeHarness, exchange_harness

PATH = "/api/v1/exchange/city"
CASE = {"任务号": "CG-1", "问题类型": "井盖破损", "问题描述": "行人易踩空", "位置描述": "枫林苑3号楼"}


@pytest.fixture
async def exchanged(tmp_path: Path, blank: Path) -> AsyncIterator[ExchangeHarness]:
    async with exchange_harness(shutil.copytree(blank, tmp_path / "data")) as harness:
        yield harness


@pytest.fixture
async def bearer(exchanged: ExchangeHarness) -> dict[str, str]:
    token = (await exchanged.api.post("/api/v1/tokens", json={"role": "exchange", "platform": "city"})).json()["token"]
    return {"authorization": f"Bearer {token}"}


async def opened(exchanged: ExchangeHarness, bearer: dict[str, str]) -> str:
    response = await exchanged.api.post(f"{PATH}/cases", json=CASE, headers=bearer)
    assert response.status_code == 201, response.text
    return str(response.json()["alert"])


async def fetched(exchanged: ExchangeHarness, bearer: dict[str, str], **params: str) -> list[dict[str, Any]]:
    response = await exchanged.api.get(f"{PATH}/changes", params=params, headers=bearer)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_states_are_fetched_in_order_and_again_until_they_are_confirmed(
    exchanged: ExchangeHarness, bearer: dict[str, str]
) -> None:
    alert = await opened(exchanged, bearer)
    await exchanged.act(alert, "acknowledge", "w-zhang")
    await exchanged.act(alert, "arrive", "w-zhang")
    first = await fetched(exchanged, bearer)
    assert [state_of(item) for item in first] == ["受理", "派遣", "处置"]
    assert [item["id"] for item in await fetched(exchanged, bearer)] == [item["id"] for item in first]

    rest = await fetched(exchanged, bearer, cursor=first[1]["cursor"])
    assert [item["id"] for item in rest] == [first[2]["id"]]
    assert await fetched(exchanged, bearer, cursor=first[2]["cursor"]) == []
    await exchanged.act(alert, "resolve", "w-zhang")
    assert [state_of(item) for item in await fetched(exchanged, bearer, cursor=first[2]["cursor"])] == ["反馈"]


async def test_a_cursor_confirms_only_what_was_handed_out(exchanged: ExchangeHarness, bearer: dict[str, str]) -> None:
    await opened(exchanged, bearer)
    assert [state_of(item) for item in await fetched(exchanged, bearer, cursor="999999")] == ["受理"]


async def test_only_the_system_itself_fetches_and_only_one_without_a_url(
    exchanged: ExchangeHarness, bearer: dict[str, str]
) -> None:
    other = await exchanged.api.get("/api/v1/exchange/hotline/changes", headers=bearer)
    assert other.status_code == 403
    assert (await exchanged.api.get("/api/v1/exchange/hotline/changes")).status_code == 409
    assert (await exchanged.api.get(f"{PATH}/changes", params={"cursor": "x"}, headers=bearer)).status_code == 422


async def test_what_is_not_fetched_for_a_week_is_a_dead_letter_with_its_reason(
    exchanged: ExchangeHarness, bearer: dict[str, str]
) -> None:
    await opened(exchanged, bearer)
    now = exchanged.console.now + 8 * DAY
    await exchanged.console.database.write(lambda tx: outbox.give_up_unfetched(tx, ["system:city"], now - 7 * DAY, now))
    [letter] = (await exchanged.api.get("/api/v1/exchange/dead-letters?target=system:city")).json()["items"]
    assert (letter["failure"], letter["reason"]) == ("not_fetched", "对方应该自己来取，没有按时来取。")
    again = await exchanged.api.post(f"/api/v1/exchange/dead-letters/{letter['id']}/resend")
    assert again.status_code == 200
    assert [state_of(item) for item in await fetched(exchanged, bearer)] == ["受理"]


async def test_a_dead_letter_of_a_refusing_system_has_a_code_and_a_sentence(exchanged: ExchangeHarness) -> None:
    exchanged.hotline.faults.schedule(Fault(FaultKind.HTTP, status=422), 99)
    await exchanged.hotline.push_order("GD-1", **ORDER)
    await exchanged.run_until(exchanged.console.now + 10 * MINUTE)
    [letter] = (await exchanged.api.get("/api/v1/exchange/dead-letters?target=system:hotline")).json()["items"]
    assert (letter["failure"], letter["status"]) == ("refused", 422)
    assert letter["reason"].startswith("对方看懂了内容")


def state_of(item: dict[str, Any]) -> str:
    return str(item["body"]["案件状态"])
