"""A resident's report that the street has to verify: the person asked sees it on his alert and answers there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from domain import Duty, Person
from store.database import registry
from tests.console.api.test_report_intake import submit
from tests.support.console_harness import T0, Client, ConsoleHarness, client_of

ALERT, REPORT = "/api/v1/alerts/1", "/api/v1/reports/1"


@pytest.fixture
async def awaited(harness: ConsoleHarness, anyone: Client, bearer: Callable[..., Any]) -> None:
    """张三 dealt with a report, 李四 of the community verified it, 赵敏 of the street is asked."""
    duties = [Duty("d-8", "grid-3", "community", "w-li"), Duty("d-9", "grid-3", "street", "s-zhao")]  # type: ignore[arg-type]
    person = Person("s-zhao", "赵敏", phone="19900000077")
    await harness.database.write(lambda tx: registry.put_people(tx, [person], T0))
    await harness.database.write(lambda tx: registry.put_duties(tx, duties, T0))
    await harness.load_community()
    assert (await submit(anyone)).status_code == 201
    worker, community = await bearer("worker", person="w-zhang"), await bearer("dispatcher", person="w-li")
    for client, action in ((worker, "arrive"), (worker, "resolve"), (community, "verify")):
        answer = await client.post(f"{ALERT}/{action}")
        assert answer.status_code == 200, answer.text


@pytest.mark.usefixtures("awaited")
async def test_the_person_asked_has_the_action_and_settles_it(
    harness: ConsoleHarness, admin: Client, bearer: Callable[..., Any]
) -> None:
    street, community = await bearer("worker", person="s-zhao"), await bearer("dispatcher", person="w-li")
    worker = await bearer("worker", person="w-zhang")
    shown = (await street.get(ALERT)).json()
    assert {"verify", "reopen"} <= set(shown["allowed"])
    assert shown["second_check"]["asked"] == [{"id": "s-zhao", "name": "赵敏"}]
    assert shown["second_check"]["since"] < shown["second_check"]["due_at"]
    for other, status, why in ((community, 409, "没有请您核查"), (worker, 403, "您的角色")):
        assert "verify" not in (await other.get(ALERT)).json()["allowed"]
        refused = await other.post(f"{ALERT}/verify")
        assert (refused.status_code, why in refused.json()["detail"]) == (status, True), refused.text
    for_another = await community.post(f"{ALERT}/verify", json={"person": "s-zhao"})
    assert (for_another.status_code, "不能代办" in for_another.json()["detail"]) == (409, True)
    assert (await admin.get(REPORT)).json()["street"] is None
    done = (await street.post(f"{ALERT}/verify", json={"comment": "现场已清空"})).json()
    assert (done["state"], done["second_check"], "verify" in done["allowed"]) == ("verified", None, False)
    report = (await admin.get(REPORT)).json()
    assert (report["stage"], report["street"]["name"], report["next_step"]) == ("street_verified", "赵敏", "answer")
    lines = [entry["text"] for entry in (await admin.get(ALERT)).json()["timeline"]]
    assert [sum(word in line for line in lines) for word in ("赵敏（街道）核查通过", "现场已清空")] == [1, 1]


@pytest.mark.usefixtures("awaited")
async def test_on_a_shared_login_the_person_asked_proves_himself_by_his_pin(
    harness: ConsoleHarness, admin: Client
) -> None:
    made = (await admin.post("/api/v1/tokens", json={"role": "dispatcher", "people": ["w-li", "s-zhao"]})).json()
    pins = made["pins"]
    async with client_of(harness.app, authorization=f"Bearer {made['token']}") as desk:
        assert "verify" in (await desk.get(ALERT)).json()["allowed"]
        step = (await desk.get(REPORT)).json()
        assert (step["next_step"], step["may_step"], step["obstacle"]) == ("street", True, "")
        for body in ({}, {"person": "w-li", "pin": pins["w-li"]}, {"person": "s-zhao"}):
            refused = await desk.post(f"{ALERT}/verify", json=body)
            assert (refused.status_code, "口令" in refused.json()["detail"]) == (409, True), refused.text
        proven = await desk.post(f"{ALERT}/verify", json={"person": "s-zhao", "pin": pins["s-zhao"]})
        assert (proven.status_code, proven.json()["second_check"]) == (200, None), proven.text


@pytest.mark.usefixtures("awaited")
async def test_the_person_asked_who_finds_it_still_there_opens_the_work_again(bearer: Callable[..., Any]) -> None:
    street = await bearer("worker", person="s-zhao")
    again = (await street.post(f"{ALERT}/reopen", json={"reason": "仍有险情"})).json()
    assert (again["state"], again["second_check"]) == ("open", None)
