"""`POST /alerts`: operators open cases by hand; they call people, are audited, and keep to the operator's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from store.database.system import audit
from tests.support.console_harness import Client, ConsoleHarness

PATH = "/api/v1/alerts"
CASE = {"title": "居民称有燃气味", "hazard": "gas", "severity": "critical", "place": "b3-402", "text": "楼道里气味很重"}


async def test_an_operator_opens_a_case_that_calls_the_worker_of_its_place(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    operator = await bearer("operator")
    made = await operator.post(PATH, json={**CASE, "address": "门口", "person": "w-li"})
    assert made.status_code == 201, made.text
    case = made.json()
    assert (case["source"], case["rule"], case["subject"]) == ("manual", "manual-case", {"type": "case", "id": "1"})
    assert (case["address"], case["description"]) == ("枫林苑3栋402门口", "楼道里气味很重")
    assert [called["person"] for called in case["told"]] == ["w-zhang"]
    assert case["next_step_at"] is not None
    (entry, *_) = (await harness.database.read(lambda tx: audit.list_entries(tx, 9))).items
    assert (entry.action, entry.detail) == ("case opened", {"alert": "1", "as": "w-li"})
    assert (await admin.get(f"{PATH}/1")).json()["timeline"][0]["person"] == "w-li"
    assert (await admin.get("/api/v1/why", params={"alert": "1"})).json()["items"]


async def test_a_request_sent_twice_opens_one_case(admin: Client) -> None:
    answers = [await admin.post(PATH, json={**CASE, "key": "call-17-at-22:05"}) for _ in range(2)]
    assert [answer.json()["id"] for answer in answers] == ["1", "1"]
    assert len((await admin.get(PATH)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": " "}, "title"),
        ({"hazard": "燃气"}, "hazard"),
        ({"severity": "dire"}, "severity"),
        ({"place": "nowhere"}, "place"),
        ({"text": "长" * 2001}, "text"),
        ({"photo": "x"}, "photo"),
        ({"person": "nobody"}, "person"),
    ],
)
async def test_a_case_with_a_fault_names_its_field(admin: Client, changes: dict[str, Any], field: str) -> None:
    refused = await admin.post(PATH, json={**CASE, **changes})
    assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (422, [field])


async def test_cases_are_opened_by_operators_within_their_place(bearer: Callable[..., Any], anyone: Client) -> None:
    assert (await anyone.post(PATH, json=CASE)).status_code == 401
    assert (await (await bearer("viewer")).post(PATH, json=CASE)).status_code == 403
    here = await bearer("operator", place="garden")
    assert (await here.post(PATH, json=CASE)).status_code == 201
    assert (await here.post(PATH, json={**CASE, "place": "court-101"})).status_code == 403
    assert (await here.post(PATH, json={**CASE, "place": None})).status_code == 422
