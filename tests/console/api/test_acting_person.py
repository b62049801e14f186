"""A token that the whole desk shares: who acts is named, proven by a PIN, and cannot verify what he dealt with."""

from __future__ import annotations

import asyncio
from typing import Any

from console.security.pins import PIN_WINDOW_MS
from tests.support.console_harness import Client, ConsoleHarness, client_of

CASE = {"title": "井盖丢失", "hazard": "manhole", "severity": "high", "place": "b3", "text": "北门井盖不见了"}


async def shared(harness: ConsoleHarness, admin: Client) -> tuple[Any, dict[str, str], Any]:
    body = {"role": "dispatcher", "people": ["w-zhang", "w-li"]}
    created = await admin.post("/api/v1/tokens", json=body)
    assert created.status_code == 201, created.text
    token = created.json()
    return client_of(harness.app, authorization=f"Bearer {token['token']}"), token["pins"], token


async def opened(admin: Client) -> str:
    case = await admin.post("/api/v1/alerts", json=CASE)
    assert case.status_code == 201, case.text
    return f"/api/v1/alerts/{case.json()['id']}"


async def test_two_people_of_one_desk_report_and_verify_with_one_token(harness: ConsoleHarness, admin: Client) -> None:
    path = await opened(admin)
    client, pins, _ = await shared(harness, admin)
    async with client as desk:
        zhang = {"person": "w-zhang", "pin": pins["w-zhang"]}
        assert (await desk.post(f"{path}/acknowledge", json=zhang)).status_code == 200
        assert (await desk.post(f"{path}/resolve", json={**zhang, "disposition": "real"})).status_code == 200
        own = await desk.post(f"{path}/verify", json=zhang)
        assert (own.status_code, own.json()["detail"]) == (409, "核查须由处置人以外的人进行。")
        unproven = await desk.post(f"{path}/verify", json={"person": "w-li"})
        assert unproven.status_code == 409
        assert "本人口令" in unproven.json()["detail"]
        unnamed = await desk.post(f"{path}/verify")
        assert unnamed.status_code == 409, "it may be the same person"
        verified = await desk.post(f"{path}/verify", json={"person": "w-li", "pin": pins["w-li"]})
        assert verified.json()["state"] == "verified"
    timeline = (await admin.get(path)).json()["timeline"]
    assert next(line["text"] for line in timeline if line["kind"] == "verify").startswith("李四核查通过")


async def test_a_personal_login_verifies_for_nobody_else(harness: ConsoleHarness, admin: Client, bearer: Any) -> None:
    path = await opened(admin)
    zhang = await bearer("dispatcher", person="w-zhang")
    for action in ("acknowledge", "resolve"):
        assert (await admin.post(f"{path}/{action}", json={"disposition": "real"})).status_code == 200
    refused = await zhang.post(f"{path}/verify", json={"person": "w-li"})
    assert (refused.status_code, "不能代办" in refused.json()["detail"]) == (409, True)
    assert (await zhang.post(f"{path}/verify")).json()["state"] == "verified"


async def test_a_wrong_pin_and_a_person_of_another_desk_are_refused(harness: ConsoleHarness, admin: Client) -> None:
    path = await opened(admin)
    client, pins, token = await shared(harness, admin)
    async with client as desk:
        wrong = "000000" if pins["w-li"] != "000000" else "111111"
        answers = [
            (await desk.post(f"{path}/acknowledge", json={"person": "w-li", "pin": wrong})).status_code
            for _ in range(11)
        ]
        assert answers == [403] * 10 + [429]
        entries = (await admin.get("/api/v1/audit")).json()["items"]
        assert sum(entry["action"] == "wrong PIN" and entry["detail"] == {"for": "w-li"} for entry in entries) == 10
        harness.now += PIN_WINDOW_MS
        assert (await desk.post(f"{path}/acknowledge", json={"person": "nobody", "pin": "1"})).status_code == 422
        accepted = await desk.post(f"{path}/acknowledge", json={"person": "w-li", "pin": pins["w-li"]})
        assert accepted.json()["owner"]["id"] == "w-li"
    outside = await admin.post(f"{path}/arrive", json={"person": "w-li", "pin": pins["w-li"]})
    assert outside.status_code == 403, "the PIN belongs to one token"
    listed = (await admin.get("/api/v1/tokens")).json()["items"]
    assert next(one["people"] for one in listed if one["id"] == token["id"]) == ["w-zhang", "w-li"]
    assert all(pin not in str(listed) for pin in pins.values())


async def test_pins_guessed_at_the_same_time_are_limited_like_others(harness: ConsoleHarness, admin: Client) -> None:
    path = await opened(admin)
    client, pins, _ = await shared(harness, admin)
    wrong = "000000" if pins["w-li"] != "000000" else "111111"
    async with client as desk:
        guesses = (desk.post(f"{path}/acknowledge", json={"person": "w-li", "pin": wrong}) for _ in range(30))
        answers = [answer.status_code for answer in await asyncio.gather(*guesses)]
    assert (answers.count(403), answers.count(429)) == (10, 20)


async def test_a_token_belongs_to_one_person_or_to_several(admin: Client) -> None:
    both = {"role": "operator", "person": "w-zhang", "people": ["w-li"]}
    assert (await admin.post("/api/v1/tokens", json=both)).status_code == 422
    assert (await admin.post("/api/v1/tokens", json={"role": "operator", "people": ["x"]})).status_code == 422
