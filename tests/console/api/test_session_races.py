"""Changes of an account while a password is checked, which takes a tenth of a second and, with many logins, longer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from console.security.passwords import HashCost, Passwords
from store.database.system import audit, users
from store.database.system.users import User
from tests.support.console_harness import Client, ConsoleHarness, cheap_passwords, client_of

OLD, NEW, GUESSED = "两只黄鹂鸣翠柳2026", "一行白鹭上青天2026", "窗含西岭千秋雪2026"


class Interrupted(Passwords):
    """Hashes during whose check something else happens, once."""

    def __init__(self, cost: HashCost) -> None:
        super().__init__(cost)
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def verify(self, stored: str | None, password: str, *, is_known: bool = True) -> bool:
        is_right = await super().verify(stored, password, is_known=is_known)
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            await happens()
        return is_right


@pytest.fixture
async def li(harness: ConsoleHarness) -> User:
    user = User("li", "李四", "operator", password=await cheap_passwords().hash(OLD), created_at=harness.now)
    await harness.database.write(lambda tx: users.create(tx, user))
    harness.now += 1
    return user


def browser(harness: ConsoleHarness, passwords: Passwords) -> Client:
    return client_of(harness.app_with(security={"passwords": passwords}), **{"x-fengshao": "1"})


async def test_a_login_that_a_reset_overtakes_opens_no_session(
    harness: ConsoleHarness, admin: Client, li: User
) -> None:
    passwords = Interrupted(HashCost(passes=1, memory_kib=8, lanes=1))
    for path, change in (("password", "POST"), ("", "DELETE")):
        async with browser(harness, passwords) as thief:
            passwords.meanwhile = lambda path=path, change=change: admin.request(  # type: ignore[misc]
                change, f"/api/v1/users/{li.id}/{path}".rstrip("/")
            )
            login = await thief.post("/api/v1/session", json={"user": "li", "password": OLD})
            assert (login.status_code, login.headers.get("set-cookie")) == (401, None)
        await harness.database.write(lambda tx: users.change(tx, "li", password=li.password, password_at=None))
    assert (await admin.get("/api/v1/sessions")).json()["items"] == []


async def test_a_password_chosen_with_the_old_one_does_not_undo_a_reset(
    harness: ConsoleHarness, admin: Client, li: User
) -> None:
    passwords = Interrupted(HashCost(passes=1, memory_kib=8, lanes=1))
    async with browser(harness, passwords) as thief:
        assert (await thief.post("/api/v1/session", json={"user": "li", "password": OLD})).status_code == 200
        passwords.meanwhile = lambda: admin.post(f"/api/v1/users/{li.id}/password")
        chosen = await thief.put("/api/v1/account/password", json={"old": OLD, "new": GUESSED})
        assert (chosen.status_code, chosen.json()["errors"][0]["field"]) == (422, "old")
        again = await thief.post("/api/v1/session", json={"user": "li", "password": GUESSED})
        assert again.status_code == 401


async def test_a_renewed_hash_does_not_bring_an_old_password_back(harness: ConsoleHarness, li: User) -> None:
    dearer = Interrupted(HashCost(passes=2, memory_kib=8, lanes=1))
    changed = await cheap_passwords().hash(NEW)

    async def change() -> None:
        columns = {"password": changed, "password_at": harness.now}
        await harness.database.write(lambda tx: users.change(tx, li.id, **columns))

    dearer.meanwhile = change
    async with browser(harness, dearer) as late:
        assert (await late.post("/api/v1/session", json={"user": "li", "password": OLD})).status_code == 401
    stored = await harness.database.read(lambda tx: users.get(tx, "li"))
    assert stored is not None
    assert stored.password == changed


async def test_the_audit_trail_names_the_account_that_is_guessed_at_and_no_other_text(
    harness: ConsoleHarness, anyone: Client, li: User
) -> None:
    for name in (li.id, "typed-a-password"):
        await anyone.post("/api/v1/session", json={"user": name, "password": "guess guess"})
    await anyone.post("/api/v1/session", json={"user": "li", "password": OLD})
    wrong = {"old": "guess guess", "new": NEW}
    assert (await anyone.put("/api/v1/account/password", json=wrong, headers={"x-fengshao": "1"})).status_code == 422
    entries = (await harness.database.read(lambda tx: audit.list_entries(tx, 10))).items
    found = [(one.action, one.detail.get("user")) for one in reversed(entries) if one.action != "logged in"]
    assert found == [("login failed", "li"), ("login failed", None), ("wrong password", "li")]
