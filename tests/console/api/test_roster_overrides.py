"""Leave and covers over the API: what takes effect, what gap it leaves, who did it and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.console_harness import Client

PATH = "/api/v1/rosters/overrides"
DAY = {"from": "2026-11-22T00:00:00+08:00", "until": "2026-11-23T00:00:00+08:00"}
LEAVE = {"kind": "leave", "person": "w-zhang", **DAY, "leave": "年假", "reason": "回家"}


async def workers(client: Client) -> list[str]:
    params = {"place": "b3", "at": "2026-11-22T12:00:00+08:00", "role": "worker"}
    return [one["id"] for one in (await client.get("/api/v1/rosters/on-duty", params=params)).json()["items"]]


async def test_the_leave_of_the_only_worker_shows_its_gap_at_once_and_a_cover_fills_it(admin: Client) -> None:
    created = await admin.post(PATH, json=LEAVE)
    assert created.status_code == 201, created.text
    (gap,) = created.json()["gaps"]
    assert (gap["cell"], gap["role"], gap["gap"], gap["from"][:16]) == ("grid-3", "worker", True, "2026-11-22T00:00")
    assert [(one["name"], one["override"]["leave"]) for one in gap["missing"]] == [("张三", "年假")]
    assert await workers(admin) == []

    cover = {"kind": "cover", "person": "w-zhang", **DAY, "substitute": "w-li", "reason": "顶班"}
    covered = await admin.post(PATH, json=cover)
    assert (covered.status_code, covered.json()["gaps"]) == (201, [])
    assert await workers(admin) == ["w-li"]

    params = {"place": "b3", "at": "2026-11-22T12:00:00+08:00", "role": "worker"}
    (now,) = (await admin.get("/api/v1/rosters/on-duty", params=params)).json()["items"]
    assert now["because"]["scheduled"] == "w-zhang"
    assert [one["kind"] for one in now["because"]["overrides"]] == ["cover"]


async def test_removing_it_restores_the_roster_and_everything_is_audited_with_the_reason(admin: Client) -> None:
    created = (await admin.post(PATH, json={**LEAVE, "substitute": "w-li"})).json()
    assert await workers(admin) == ["w-li"]
    listed = (await admin.get(PATH, params={"person": "w-li"})).json()["items"]
    assert [one["id"] for one in listed] == [created["id"]]
    removed = await admin.delete(f"{PATH}/{created['id']}", params={"reason": "取消"})
    assert removed.status_code == 204
    assert await workers(admin) == ["w-zhang"]
    assert (await admin.delete(f"{PATH}/{created['id']}")).status_code == 404
    audit = (await admin.get("/api/v1/audit")).json()["items"]
    assert [entry["action"] for entry in audit[:2]] == ["leave removed", "leave registered"]
    assert (audit[0]["detail"]["why_removed"], audit[1]["detail"]["reason"]) == ("取消", "回家")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"person": "nobody"}, "person"),
        ({"substitute": "nobody"}, "substitute"),
        ({"substitute": "w-zhang"}, "substitute"),
        ({"kind": "cover"}, "substitute"),
        ({"kind": "swap"}, "kind"),
        ({"cell": "grid-3"}, "cell"),
        ({"role": "worker"}, "role"),
        ({"role": "king"}, "role"),
        ({"cell": "nowhere"}, "cell"),
        ({"until": "2026-11-20T00:00:00+08:00"}, "until"),
        ({"until": "2028-11-20T00:00:00+08:00"}, "until"),
        ({"until": ""}, "until"),
        ({"from": "soon"}, "from"),
        ({"reason": ""}, "reason"),
    ],
)
async def test_a_faulty_override_is_refused_by_field(admin: Client, change: dict[str, Any], field: str) -> None:
    refused = await admin.post(PATH, json={**LEAVE, **change})
    assert refused.status_code == 422
    assert field in {error["field"] for error in refused.json()["errors"]}


async def test_only_a_dispatcher_registers_leave(bearer: Callable[..., Any]) -> None:
    assert (await (await bearer("operator")).post(PATH, json=LEAVE)).status_code == 403
    assert (await (await bearer("dispatcher")).post(PATH, json=LEAVE)).status_code == 201
