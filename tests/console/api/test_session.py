"""Login and logout: tokens, cookies, links, and requests without them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from console.http.authorization import principal_of_token
from console.security.auth import COOKIE, LINK_MS, sign_worker_link
from domain import MINUTE
from domain.secret import Secret
from tests.support.console_harness import ADMIN, T0, Client, ConsoleHarness, client_of

OURS = {"x-fengshao": "1"}


KEY = b"signing-key-of-this-test"


async def log_in(client: Client, **body: str) -> Any:
    return await client.post("/api/v1/session", json=body)


async def test_without_a_token_every_request_is_a_401(harness: ConsoleHarness, anyone: Client) -> None:
    await harness.alert()
    for path in ("alerts", "devices", "places", "people", "rosters", "rules", "refusals", "why", "stream", "audit"):
        response = await anyone.get(f"/api/v1/{path}")
        assert (path, response.status_code) == (path, 401)
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "Basic abc", ADMIN, f"Bearer {ADMIN}x", "Bearer ä"])
async def test_a_wrong_token_is_refused(harness: ConsoleHarness, header: str) -> None:
    async with client_of(harness.app) as client:
        response = await client.get("/api/v1/devices", headers=[(b"authorization", header.encode())])
    assert response.status_code == 401


async def test_nobody_is_the_administrator_without_a_token_even_where_that_is_empty() -> None:
    """As a power cut at the first start could leave it: `Bearer ` was then the administrator's."""
    deps: Any = SimpleNamespace(security=SimpleNamespace(admin_token=Secret("")), clock=lambda: T0)
    assert await principal_of_token(deps, "") is None


async def test_a_browser_gets_a_cookie_that_scripts_and_other_sites_cannot_use(anyone: Client) -> None:
    response = await log_in(anyone, token=ADMIN)
    cookie = response.headers["set-cookie"]

    assert response.status_code == 200
    session = response.json()
    assert session.pop("roles")["gas_company"] == {"zh": "燃气公司", "en": "Gas company"}
    assert session == {
        "role": "administrator",
        "person": None,
        "alert": None,
        "place": None,
        "site": {"name": "枫树社区", "timezone": "Asia/Shanghai"},
        "user": None,
        "must_change_password": False,
        "people": [],
    }
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert ADMIN not in cookie
    assert (await anyone.get("/api/v1/session")).json() == response.json()


async def test_over_https_the_cookie_is_secure(harness: ConsoleHarness) -> None:
    async with client_of(harness.app) as client:
        client.base_url = "https://console"
        assert "Secure" in (await log_in(client, token=ADMIN)).headers["set-cookie"]


async def test_a_cookie_changes_nothing_without_our_header(harness: ConsoleHarness, anyone: Client) -> None:
    await log_in(anyone, token=ADMIN)
    number = await harness.alert()

    assert (await anyone.get("/api/v1/alerts")).status_code == 200
    assert (await anyone.post(f"/api/v1/alerts/{number}/acknowledge")).status_code == 403
    assert (await anyone.post(f"/api/v1/alerts/{number}/acknowledge", headers=OURS)).status_code == 200


async def test_another_site_cannot_log_a_browser_in(anyone: Client) -> None:
    response = await anyone.post("/api/v1/session", json={"token": ADMIN}, headers={"sec-fetch-site": "cross-site"})

    assert response.status_code == 403
    # A form of a browser that does not say where it comes from: its text is JSON, its type is not.
    typed = {"origin": "https://evil.example", "content-type": "text/plain"}
    form = await anyone.post("/api/v1/session", content=f'{{"token": "{ADMIN}", "link": null}}', headers=typed)
    assert (form.status_code, form.headers.get("set-cookie")) == (403, None)
    assert (await anyone.post("/api/v1/session", content=f'{{"token": "{ADMIN}"}}')).status_code == 200


async def test_logging_out_ends_the_session_also_for_a_copy_of_the_cookie(
    harness: ConsoleHarness, anyone: Client
) -> None:
    await log_in(anyone, token=ADMIN)
    cookie = anyone.cookies[COOKIE]
    out = await anyone.delete("/api/v1/session", headers=OURS)

    assert out.status_code == 204
    async with client_of(harness.app, cookie=f"{COOKIE}={cookie}") as thief:
        assert (await thief.get("/api/v1/session")).status_code == 401
    async with client_of(harness.app_with(), cookie=f"{COOKIE}={cookie}") as thief:  # after a restart
        assert (await thief.get("/api/v1/session")).status_code == 401


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 5}, {"password": "x"}])
async def test_a_login_without_a_token_is_a_422(anyone: Client, body: dict[str, Any]) -> None:
    assert (await anyone.post("/api/v1/session", json=body)).status_code == 422


async def test_guessing_tokens_is_slowed_down_even_when_the_guess_is_right(
    harness: ConsoleHarness, anyone: Client
) -> None:
    for _ in range(10):
        assert (await log_in(anyone, token="guess")).status_code == 401
    locked = await log_in(anyone, token=ADMIN)

    assert locked.status_code == 429
    assert locked.headers["retry-after"] == "60"
    harness.now += MINUTE
    assert (await log_in(anyone, token=ADMIN)).status_code == 200


async def test_neither_old_links_nor_wrong_passwords_of_the_same_network_keep_a_worker_out(
    harness: ConsoleHarness, anyone: Client
) -> None:
    number = await harness.alert()
    old = sign_worker_link(KEY, number, "w-zhang", T0 - LINK_MS)
    for _ in range(11):
        assert (await log_in(anyone, link=old)).status_code == 401
    assert (await log_in(anyone, token=ADMIN)).status_code == 200
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    harness.app.state.pause = pause
    for n in range(12):
        await anyone.post("/api/v1/session", json={"user": f"user{n}", "password": "guess guess"})
    assert (await log_in(anyone, token=ADMIN)).status_code == 200, "an office shares an address"
    assert (await log_in(anyone, link=sign_worker_link(KEY, number, "w-zhang", T0))).status_code == 200
    assert paused == [0.5, 1.0], "the eleventh and twelfth wrong password are answered later"


async def test_a_workers_link_gives_access_to_its_alert_and_nothing_else(
    harness: ConsoleHarness, anyone: Client
) -> None:
    number = await harness.alert()
    other = await harness.alert("band-101", "band-sos")
    harness.add_reading("gas-402", 1, T0, lel_pct=3)
    entered = await log_in(anyone, link=sign_worker_link(KEY, number, "w-zhang", T0))

    assert entered.json()["role"] == "worker"
    assert entered.json()["person"] == {"id": "w-zhang", "name": "张三"}
    assert entered.json()["alert"] == number
    assert [one["id"] for one in (await anyone.get("/api/v1/alerts")).json()["items"]] == [number]
    assert (await anyone.get(f"/api/v1/alerts/{number}")).status_code == 200
    assert len((await anyone.get("/api/v1/devices/gas-402/readings")).json()["items"]) == 1
    assert (await anyone.get(f"/api/v1/alerts/{other}")).status_code == 403
    assert (await anyone.post(f"/api/v1/alerts/{other}/acknowledge", headers=OURS)).status_code == 403
    assert (await anyone.get("/api/v1/devices/band-101/readings")).status_code == 404
    for path in ("devices", "devices/gas-402", "refusals"):
        assert (await anyone.get(f"/api/v1/{path}")).status_code == 403
    for path in ("places", "people", "rosters", "cells"):
        assert (await anyone.get(f"/api/v1/{path}")).json() == {"items": [], "next": None}


async def test_a_worker_resolves_an_alert_over_the_link(harness: ConsoleHarness, anyone: Client) -> None:
    number = await harness.alert()
    await log_in(anyone, link=sign_worker_link(KEY, number, "w-zhang", T0))
    for action in ("acknowledge", "arrive", "resolve"):
        response = await anyone.post(f"/api/v1/alerts/{number}/{action}", headers=OURS)
        assert response.status_code == 200, response.text
    assert response.json()["owner"] == {"id": "w-zhang", "name": "张三"}
    assert (await anyone.post(f"/api/v1/alerts/{number}/close", headers=OURS)).status_code == 403


async def test_a_mail_scanner_that_fetches_a_link_acknowledges_nothing(
    harness: ConsoleHarness, admin: Client, anyone: Client
) -> None:
    """Scanners and chat previews fetch links, some run scripts; only the press of a button is a POST of an action."""
    number = await harness.alert()
    link = sign_worker_link(KEY, number, "w-zhang", T0)
    await anyone.get(f"/m/{link}")
    await log_in(anyone, link=link)
    await anyone.get(f"/api/v1/alerts/{number}")
    assert (await admin.get(f"/api/v1/alerts/{number}")).json()["state"] == "open"
    assert (await anyone.post(f"/api/v1/alerts/{number}/acknowledge", headers=OURS)).status_code == 200
    assert (await admin.get(f"/api/v1/alerts/{number}")).json()["owner"] == {"id": "w-zhang", "name": "张三"}


async def test_an_operator_creates_a_link_for_a_worker(harness: ConsoleHarness, admin: Client, anyone: Client) -> None:
    number = await harness.alert()
    made = await admin.post(f"/api/v1/alerts/{number}/link", json={"person": "w-zhang"})

    assert made.status_code == 201
    assert made.json()["path"] == f"/m/{made.json()['link']}"
    assert made.json()["expires_at"] == "2026-11-22T00:05:00.000+08:00"
    assert (await log_in(anyone, link=made.json()["link"])).json()["person"]["id"] == "w-zhang"
    assert (await anyone.post(f"/api/v1/alerts/{number}/link", json={}, headers=OURS)).status_code == 403
    assert (await admin.post(f"/api/v1/alerts/{number}/link", json={})).status_code == 422
    assert (await admin.post("/api/v1/alerts/99/link", json={"person": "w-zhang"})).status_code == 404


async def test_an_old_or_forged_link_is_refused(harness: ConsoleHarness, anyone: Client) -> None:
    link = sign_worker_link(KEY, "1", "w-zhang", T0 - LINK_MS)

    assert (await log_in(anyone, link=link)).status_code == 401
    assert (await log_in(anyone, link=sign_worker_link(b"other", "1", "w-zhang", T0))).status_code == 401


async def test_a_new_administrators_token_ends_the_sessions_of_the_old_one(
    harness: ConsoleHarness, anyone: Client
) -> None:
    from domain.secret import Secret

    await log_in(anyone, token=ADMIN)
    app = harness.app_with(security={"admin_token": Secret("another-token-of-this-test")})
    async with client_of(app, cookie=f"{COOKIE}={anyone.cookies[COOKIE]}") as client:
        assert (await client.get("/api/v1/session")).status_code == 401
