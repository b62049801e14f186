"""A login with an identity provider, over HTTP to a simulated one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from console.api.oidc import STATE_MS
from console.security.auth import COOKIE
from console.security.oidc import DOCUMENT_MS, OidcClient, OidcConfig
from domain import MINUTE
from domain.secret import Secret
from simulators.providers.local_server import loopback_client
from simulators.providers.oidc import OidcProvider
from tests.support.console_harness import Client, ConsoleHarness, client_of

CALLBACK = "http://console/api/v1/oidc/callback"
LI = {"sub": "248289761001", "preferred_username": "Li", "name": "李四"}


@dataclass
class Login:
    """A browser, the service and the provider."""

    harness: ConsoleHarness
    provider: OidcProvider
    browser: Client
    outside: httpx2.AsyncClient

    async def begin(self, next: str = "/desk") -> httpx2.Response:
        """To the provider and back; the answer is the provider's redirect."""
        begun = await self.browser.get(f"/api/v1/oidc/login?next={next}")
        assert begun.status_code == 303, begun.text
        return await self.outside.get(begun.headers["location"])

    async def end(self, returned: httpx2.Response, **changes: str) -> httpx2.Response:
        query = {name: values[0] for name, values in parse_qs(urlsplit(returned.headers["location"]).query).items()}
        return await self.browser.get("/api/v1/oidc/callback", params={**query, **changes})

    async def all(self) -> httpx2.Response:
        return await self.end(await self.begin())


@pytest.fixture
async def login(harness: ConsoleHarness, admin: Client) -> AsyncIterator[Login]:
    async with (
        OidcProvider(
            client_id="fengshao", client_secret="s3cret", redirect_uri=CALLBACK, clock=lambda: harness.now
        ) as provider,
        loopback_client() as outside,
    ):
        provider.account = dict(LI)
        config = OidcConfig(provider.issuer, "fengshao", Secret("s3cret"), CALLBACK, title="街道统一认证")
        client = OidcClient(config, outside)
        async with client_of(harness.app_with(security={"oidc": client})) as browser:
            await admin.post(
                "/api/v1/users", json={"id": "li", "name": "李四", "role": "operator", "by_password": False}
            )
            yield Login(harness, provider, browser, outside)


async def test_a_user_logs_in_and_is_led_to_where_he_wanted(login: Login, admin: Client) -> None:
    ways = (await login.browser.get("/api/v1/session/methods")).json()
    assert ways == {"users": True, "provider": {"title": "街道统一认证", "path": "/api/v1/oidc/login"}}
    page = await login.all()
    assert page.status_code == 200
    assert 'content="0;url=/desk"' in page.text
    assert "script" not in page.text
    session = (await login.browser.get("/api/v1/session")).json()
    assert (session["role"], session["user"]) == ("operator", {"id": "li", "name": "李四"})
    (listed,) = (await admin.get("/api/v1/users")).json()["items"]
    assert (listed["by_provider"], listed["by_password"]) == (True, False)
    # The subject is what counts from now on: a renamed account is the same user, another one with his name is not.
    login.provider.account = {**LI, "preferred_username": "wei"}
    assert (await login.all()).status_code == 200
    login.provider.account = {**LI, "sub": "somebody-else"}
    assert (await login.all()).headers["location"] == "/login?failed=user"


async def test_unknown_and_disabled_users_and_users_with_a_password_are_refused(login: Login, admin: Client) -> None:
    await admin.post("/api/v1/users", json={"id": "chief", "name": "主任", "role": "administrator"})
    for account in ({**LI, "sub": "x", "preferred_username": "chief"}, {"sub": "y"}):
        login.provider.account = account
        assert (await login.all()).headers["location"] == "/login?failed=user"
    login.provider.account = dict(LI)
    assert (await login.all()).status_code == 200
    await admin.patch("/api/v1/users/li", json={"disabled": True})
    assert (await login.all()).headers["location"] == "/login?failed=user"
    assert (await login.browser.get("/api/v1/session")).status_code == 401


async def test_an_id_token_with_a_wrong_claim_is_refused(login: Login) -> None:
    wrong: list[dict[str, Any]] = [
        {"iss": "https://evil.example"}, {"aud": "another-client"}, {"aud": ["fengshao", "b"], "azp": "b"},
        {"exp": 1}, {"exp": None}, {"nonce": "another"}, {"sub": ""}, {"sub": 5},
    ]  # fmt: skip
    for claims in wrong:
        login.provider.claims = claims
        assert (await login.all()).headers["location"] == "/login?failed=token", claims
    assert (await login.browser.get("/api/v1/session")).status_code == 401


async def test_an_unsigned_token_is_refused(login: Login) -> None:
    login.provider.algorithm = "none"
    assert (await login.all()).headers["location"] == "/login?failed=token"


async def test_a_login_that_was_begun_elsewhere_or_long_ago_is_refused(login: Login) -> None:
    returned = await login.begin()
    assert (await login.end(returned, state="forged")).headers["location"] == "/login?failed=state"
    login.harness.now += STATE_MS
    assert (await login.end(returned)).headers["location"] == "/login?failed=state"
    login.browser.cookies.clear()
    assert (await login.end(returned)).headers["location"] == "/login?failed=state"


async def test_a_code_counts_once_and_only_with_the_verifier_of_its_login(login: Login) -> None:
    first = await login.begin()
    assert (await login.end(first)).status_code == 200
    stolen = await login.begin()
    mine = await login.begin()
    code = parse_qs(urlsplit(stolen.headers["location"]).query)["code"][0]
    assert (await login.end(mine, code=code)).headers["location"] == "/login?failed=provider"


async def test_a_user_who_refuses_is_told_so(login: Login) -> None:
    login.provider.account = None
    assert (await login.all()).headers["location"] == "/login?failed=denied"


async def test_new_keys_of_the_provider_are_loaded_at_once(login: Login) -> None:
    assert (await login.all()).status_code == 200
    login.provider.rotate_key()
    assert (await login.all()).status_code == 200


async def test_a_provider_that_does_not_answer_is_no_dead_end(login: Login) -> None:
    login.harness.now += DOCUMENT_MS
    await login.provider.__aexit__()
    begun = await login.browser.get("/api/v1/oidc/login")
    assert (begun.status_code, begun.headers["location"]) == (303, "/login?failed=provider")


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/%09/evil.example", "/%0A\\evil.example", ""],
)
async def test_a_crafted_link_leads_nowhere_else(login: Login, target: str) -> None:
    assert 'content="0;url=/"' in (await login.end(await login.begin(target))).text


async def test_a_failed_login_is_counted_and_limited(login: Login) -> None:
    for _ in range(10):
        await login.end(await login.begin(), state="forged")
    assert (await login.all()).headers["location"] == "/login?failed=provider"
    login.harness.now += MINUTE
    assert COOKIE not in login.browser.cookies
    assert (await login.all()).status_code == 200


async def test_images_of_a_foreign_page_do_not_lock_the_office(login: Login) -> None:
    for _ in range(12):
        image = await login.browser.get("/api/v1/oidc/callback?code=x&state=y")
        assert image.headers["location"] == "/login?failed=state"
    assert (await login.all()).status_code == 200


async def test_without_a_provider_there_is_no_such_login(anyone: Client) -> None:
    assert (await anyone.get("/api/v1/session/methods")).json() == {"users": False, "provider": None}
    for path in ("login", "callback"):
        assert (await anyone.get(f"/api/v1/oidc/{path}")).status_code == 404
