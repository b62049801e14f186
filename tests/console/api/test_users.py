"""Accounts: added, changed, disabled; their sessions follow at once. Nobody administers but administrators."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from console.security.auth import COOKIE
from domain import DAY, MINUTE
from tests.support.console_harness import Client, ConsoleHarness, client_of

OURS = {"x-fengshao": "1"}
PASSWORD = "两只黄鹂鸣翠柳2026"


@pytest.fixture
async def user_client(harness: ConsoleHarness, admin: Client) -> AsyncIterator[Callable[..., Any]]:
    """A function that adds a user and returns a client in which he has logged in with a password of his own."""
    clients: list[Client] = []

    async def make(user: str, role: str, **more: Any) -> Client:
        added = await admin.post("/api/v1/users", json={"id": user, "name": f"{user}的名字", "role": role, **more})
        assert added.status_code == 201, added.text
        client = client_of(harness.app, **OURS)
        clients.append(client)
        first = added.json()["password"]
        assert (await client.post("/api/v1/session", json={"user": user, "password": first})).status_code == 200
        chosen = await client.put("/api/v1/account/password", json={"old": first, "new": PASSWORD})
        assert chosen.status_code == 204, chosen.text
        return client

    yield make
    for client in clients:
        await client.aclose()


async def test_a_new_user_must_choose_a_password_before_anything_else(
    admin: Client, anyone: Client, harness: ConsoleHarness
) -> None:
    added = (await admin.post("/api/v1/users", json={"id": "Li", "name": "李四", "role": "operator"})).json()
    assert (added["id"], added["must_change"]) == ("li", True)
    session = await anyone.post("/api/v1/session", json={"user": "LI", "password": added["password"]})
    assert (session.json()["must_change_password"], session.json()["user"]) == (True, {"id": "li", "name": "李四"})
    refused = await anyone.get("/api/v1/alerts")
    assert (refused.status_code, refused.json()["detail"]) == (403, "请先设定您自己的密码。")
    everybody = await anyone.get("/api/v1/sessions")
    assert everybody.json()["detail"] == "请先设定您自己的密码。"
    for new, field in (("kurz", "new"), (added["password"], "new")):
        change = {"old": added["password"], "new": new}
        answer = await anyone.put("/api/v1/account/password", json=change, headers=OURS)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    wrong = await anyone.put("/api/v1/account/password", json={"old": "x", "new": PASSWORD}, headers=OURS)
    assert wrong.json()["errors"][0]["detail"] == "旧密码不对。"
    change = {"old": added["password"], "new": PASSWORD}
    assert (await anyone.put("/api/v1/account/password", json=change, headers=OURS)).status_code == 204
    assert (await anyone.get("/api/v1/alerts")).status_code == 200
    rows = await harness.database.read(lambda tx: list(tx.exec_driver_sql("select password from users")))
    assert [row[0][:9] for row in rows] == ["$argon2id"]


async def test_an_action_names_the_user(harness: ConsoleHarness, user_client: Callable[..., Any]) -> None:
    clerk, number = await user_client("li", "operator"), await harness.alert()
    assert (await clerk.post(f"/api/v1/alerts/{number}/acknowledge")).status_code == 200
    timeline = (await clerk.get(f"/api/v1/alerts/{number}")).json()["timeline"]
    assert any("li的名字" in entry["text"] for entry in timeline), timeline


async def test_a_changed_role_place_or_lock_counts_in_open_sessions_at_once(
    harness: ConsoleHarness, admin: Client, user_client: Callable[..., Any]
) -> None:
    clerk, number = await user_client("li", "operator"), await harness.alert()
    await admin.patch("/api/v1/users/li", json={"place": "court"})
    assert (await clerk.get(f"/api/v1/alerts/{number}")).status_code == 404
    await admin.patch("/api/v1/users/li", json={"place": None, "role": "viewer"})
    assert (await clerk.post(f"/api/v1/alerts/{number}/acknowledge")).status_code == 403
    disabled = await admin.patch("/api/v1/users/li", json={"disabled": True})
    assert disabled.json()["disabled_at"] is not None
    assert (await clerk.get("/api/v1/session")).status_code == 401
    login = await clerk.post("/api/v1/session", json={"user": "li", "password": PASSWORD})
    assert (login.status_code, login.json()["detail"]) == (401, "用户名或密码不对。")
    await admin.patch("/api/v1/users/li", json={"disabled": False})
    assert (await clerk.post("/api/v1/session", json={"user": "li", "password": PASSWORD})).status_code == 200


async def test_sessions_are_listed_and_ended(
    harness: ConsoleHarness, admin: Client, user_client: Callable[..., Any]
) -> None:
    clerk, other = await user_client("li", "operator"), await user_client("zhao", "viewer")
    harness.now += 6 * MINUTE
    assert (await clerk.get("/api/v1/alerts")).status_code == 200
    (own,) = (await clerk.get("/api/v1/account/sessions")).json()["items"]
    assert (own["current"], own["user"]["id"]) == (True, "li")
    assert own["seen_at"] > own["opened_at"]
    listed = (await admin.get("/api/v1/sessions")).json()["items"]
    assert [one["user"]["id"] for one in listed] == ["li", "zhao"]
    foreign = next(one["id"] for one in listed if one["user"]["id"] == "zhao")
    assert (await clerk.delete(f"/api/v1/account/sessions/{foreign}")).status_code == 404
    assert (await clerk.get("/api/v1/sessions")).status_code == 403
    assert (await admin.delete(f"/api/v1/sessions/{foreign}")).status_code == 204
    assert (await admin.delete(f"/api/v1/sessions/{foreign}")).status_code == 404
    assert (await other.get("/api/v1/session")).status_code == 401
    assert (await clerk.delete(f"/api/v1/account/sessions/{own['id']}")).status_code == 204
    assert (await clerk.get("/api/v1/session")).status_code == 401


async def test_a_new_password_ends_the_other_sessions(harness: ConsoleHarness, user_client: Callable[..., Any]) -> None:
    clerk = await user_client("li", "operator")
    async with client_of(harness.app) as elsewhere:
        await elsewhere.post("/api/v1/session", json={"user": "li", "password": PASSWORD})
        change = {"old": PASSWORD, "new": "一行白鹭上青天2026"}
        assert (await clerk.put("/api/v1/account/password", json=change)).status_code == 204
        assert (await elsewhere.get("/api/v1/session")).status_code == 401
    assert (await clerk.get("/api/v1/session")).status_code == 200


async def test_a_reset_password_ends_all_sessions_and_must_be_changed(
    admin: Client, user_client: Callable[..., Any]
) -> None:
    clerk = await user_client("li", "operator")
    first = (await admin.post("/api/v1/users/li/password")).json()["password"]
    assert (await clerk.get("/api/v1/session")).status_code == 401
    session = await clerk.post("/api/v1/session", json={"user": "li", "password": first})
    assert session.json()["must_change_password"] is True


async def test_the_last_administrator_stays(admin: Client, user_client: Callable[..., Any]) -> None:
    boss = await user_client("chief", "administrator")
    for method, path, body in (
        ("PATCH", "chief", {"role": "viewer"}), ("PATCH", "chief", {"disabled": True}),
        ("PATCH", "chief", {"place": "b3"}), ("DELETE", "chief", None),
    ):  # fmt: skip
        refused = await boss.request(method, f"/api/v1/users/{path}", json=body)
        assert (refused.status_code, "最后一个" in refused.json()["detail"]) == (409, True)
    await user_client("second", "administrator")
    assert (await boss.delete("/api/v1/users/chief")).status_code == 204
    assert (await boss.get("/api/v1/session")).status_code == 401
    assert (await admin.delete("/api/v1/users/chief")).status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"id": "张三", "name": "张三", "role": "viewer"}, 422, "id"),
        ({"id": "li", "name": "", "role": "viewer"}, 422, "name"),
        ({"id": "li", "name": "李", "role": "device"}, 422, "role"),
        ({"id": "li", "name": "李", "role": "viewer", "place": "x"}, 422, "place"),
        ({"id": "li", "name": "李", "role": "viewer", "person": "x"}, 422, "person"),
        ({"id": "li", "name": "李", "role": "viewer", "password": "x"}, 422, "password"),
    ],
)
async def test_a_user_that_cannot_be_is_refused_with_the_field(
    admin: Client, body: dict[str, Any], status: int, field: str
) -> None:
    refused = await admin.post("/api/v1/users", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (status, field)


async def test_names_are_unique_and_only_administrators_of_the_site_see_them(
    admin: Client, bearer: Callable[..., Any]
) -> None:
    body = {"id": "li", "name": "李四", "role": "viewer"}
    assert (await admin.post("/api/v1/users", json=body)).status_code == 201
    assert (await admin.post("/api/v1/users", json=body)).status_code == 409
    assert [one["id"] for one in (await admin.get("/api/v1/users")).json()["items"]] == ["li"]
    for client in (await bearer("dispatcher"), await bearer("administrator", place="court")):
        assert (await client.get("/api/v1/users")).status_code == 403
        assert (await client.post("/api/v1/users", json={**body, "id": "x2"})).status_code == 403


async def test_wrong_passwords_lock_new_browsers_and_not_the_one_in_use(
    harness: ConsoleHarness, user_client: Callable[..., Any], anyone: Client
) -> None:
    clerk = await user_client("li", "operator")
    for _ in range(10):
        guess = await anyone.post("/api/v1/session", json={"user": "li", "password": "guess guess"})
        assert guess.status_code == 401
    locked = await anyone.post("/api/v1/session", json={"user": "li", "password": PASSWORD})
    assert locked.status_code == 429
    assert int(locked.headers["retry-after"]) > 60
    await clerk.delete("/api/v1/session")
    assert clerk.cookies.get(COOKIE) is None
    assert (await clerk.post("/api/v1/session", json={"user": "li", "password": PASSWORD})).status_code == 200
    names = [one["detail"].get("reason") for one in await _audit(harness) if one["action"] == "login failed"]
    assert set(names) == {"password"}
    assert harness.app.state.failed_logins.counts["locked"] == 1


async def _audit(harness: ConsoleHarness) -> list[dict[str, Any]]:
    from store.database.system import audit

    entries = (await harness.database.read(lambda tx: audit.list_entries(tx, 100))).items
    return [{"action": one.action, "detail": one.detail} for one in entries]


async def test_a_users_own_pin_names_him_at_a_shared_desk(
    harness: ConsoleHarness, user_client: Callable[..., Any], bearer: Callable[..., Any]
) -> None:
    clerk = await user_client("li", "dispatcher", person="w-li")
    pin = (await clerk.post("/api/v1/account/pin")).json()["pin"]
    desk, number = await bearer("dispatcher"), await harness.alert()
    wrong = await desk.post(f"/api/v1/alerts/{number}/acknowledge", json={"person": "w-li", "pin": "0"})
    assert wrong.status_code == 403
    named = await desk.post(f"/api/v1/alerts/{number}/acknowledge", json={"person": "w-li", "pin": pin})
    assert named.json()["owner"] == {"id": "w-li", "name": "李四"}
    stranger = await user_client("zhao", "viewer")
    assert (await stranger.post("/api/v1/account/pin")).status_code == 409


async def test_a_token_has_no_account(admin: Client) -> None:
    for method, path in (("PUT", "password"), ("POST", "pin"), ("GET", "sessions"), ("DELETE", "sessions/x")):
        answer = await admin.request(method, f"/api/v1/account/{path}", json={"old": "a", "new": "b"})
        assert answer.status_code == 409, path


async def test_a_login_is_one_way_only(anyone: Client) -> None:
    both = {"user": "a", "password": "b", "token": "c"}
    for body, field in (({"user": "li"}, "password"), ({"password": "x"}, "user"), (both, "")):
        refused = await anyone.post("/api/v1/session", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


async def test_a_hash_of_earlier_parameters_is_renewed_at_the_login(
    harness: ConsoleHarness, user_client: Callable[..., Any]
) -> None:
    from console.security.passwords import HashCost, Passwords

    await user_client("li", "viewer")
    dearer = Passwords(HashCost(passes=2, memory_kib=8, lanes=1))
    async with client_of(harness.app_with(security={"passwords": dearer})) as client:
        assert (await client.post("/api/v1/session", json={"user": "li", "password": PASSWORD})).status_code == 200
    (row,) = await harness.database.read(lambda tx: list(tx.exec_driver_sql("select password from users")))
    assert "t=2" in row[0]


async def test_a_first_password_expires_and_logins_logouts_and_exports_are_in_the_trail_with_names(
    harness: ConsoleHarness, admin: Client, anyone: Client
) -> None:
    made = await admin.post("/api/v1/users", json={"id": "li", "name": "李四", "role": "viewer"})
    body = {"user": "li", "password": made.json()["password"]}
    assert (await anyone.post("/api/v1/session", json=body)).status_code == 200
    assert (await anyone.delete("/api/v1/session", headers={"x-fengshao": "1"})).status_code == 204
    harness.now += 3 * DAY + 1
    late = await anyone.post("/api/v1/session", json=body)
    assert (late.status_code, "已过期" in late.json()["detail"]) == (401, True)
    again = (await admin.post("/api/v1/users/li/password")).json()["password"]
    assert (await anyone.post("/api/v1/session", json={**body, "password": again})).status_code == 200

    assert (await admin.get("/api/v1/audit.csv?about=li")).status_code == 200
    entries = (await admin.get("/api/v1/audit")).json()["items"]
    exported = next(one for one in entries if one["action"] == "audit exported")
    assert exported["detail"] == {"about": "li"}
    out = next(one for one in entries if one["action"] == "logged out")
    assert out["names"][out["actor"]] == "李四"
