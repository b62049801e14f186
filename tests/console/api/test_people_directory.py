"""People are found without showing their phones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.console_harness import Client, ConsoleHarness

PATH = "/api/v1/people/directory"


async def test_people_are_found_by_name_phone_and_role_and_phones_are_masked(
    harness: ConsoleHarness, admin: Client
) -> None:
    await harness.load_community()
    page = (await admin.get(f"{PATH}?limit=2")).json()
    assert [one["id"] for one in page["items"]] == ["r-wang", "w-li"]
    (last,) = (await admin.get(f"{PATH}?limit=2&next={page['next']}")).json()["items"]
    assert (last["name"], last["phone"], last["roles"], last["staff"]) == ("张三", "199****0001", ["worker"], True)
    assert last["channels"] == ["sms", "wecom"]

    async def ids(query: str, client: Client = admin) -> list[str]:
        return [one["id"] for one in (await client.get(f"{PATH}?{query}")).json()["items"]]

    assert await ids("q=张") == ["w-zhang"]
    assert await ids("role=lead") == ["w-li"]
    assert await ids("staff=false") == ["r-wang"]
    assert await ids("q=19900001111") == ["r-wang"]
    assert await ids("q=1990000") == [], "parts of a phone would reveal it digit by digit"


async def test_residents_are_masked_for_viewers_and_cannot_be_searched_by_name(
    harness: ConsoleHarness, bearer: Callable[..., Any]
) -> None:
    await harness.load_community()
    viewer = await bearer("viewer")
    (resident, *_) = (await viewer.get(PATH)).json()["items"]
    assert (resident["name"], resident["home"]) == ("王**", None)
    assert (await viewer.get(f"{PATH}?q=小明")).json()["items"] == []
    for whole in ("19900001111", "19900000001"):  # a masked number would be tried out
        assert (await viewer.get(f"{PATH}?q={whole}")).json()["items"] == []
    neighbour = await bearer("operator", place="court")
    assert "r-wang" not in {one["id"] for one in (await neighbour.get(PATH)).json()["items"]}


async def test_who_is_on_leave_is_marked(harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]) -> None:
    await harness.load_community()
    body = {
        "kind": "leave",
        "person": "w-zhang",
        "from": "2026-11-21T00:00:00+08:00",
        "until": "2026-11-25T00:00:00+08:00",
        "leave": "sick",
        "reason": "发烧",
    }
    assert (await admin.post("/api/v1/rosters/overrides", json=body)).status_code == 201
    (zhang,) = (await admin.get(f"{PATH}?q=张三")).json()["items"]
    assert (zhang["away_until"][:10], zhang["away_reason"]) == ("2026-11-25", "sick")
    (seen,) = (await (await bearer("viewer")).get(f"{PATH}?q=张三")).json()["items"]
    assert (seen["away_until"][:10], seen["away_reason"]) == ("2026-11-25", "")
