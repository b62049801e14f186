"""Groups of an identity provider decide who logs in, as what and where: over HTTP to a simulated provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from console.security.auth import AccessRole
from console.security.oidc import OidcClient, OidcConfig
from console.security.oidc_groups import GroupRole
from domain.secret import Secret
from simulators.providers.local_server import loopback_client
from simulators.providers.oidc import OidcProvider
from tests.support.console_harness import Client, ConsoleHarness, client_of

CALLBACK = "http://console/api/v1/oidc/callback"
GROUPS = (
    GroupRole("street-chief", AccessRole.DISPATCHER),
    GroupRole("b3-duty", AccessRole.OPERATOR, "b3"),
    GroupRole("gone-duty", AccessRole.OPERATOR, "gone"),
)


class Office:
    """A browser before the service, and the provider that knows its user's groups."""

    def __init__(self, browser: Client, provider: OidcProvider, outside: httpx2.AsyncClient) -> None:
        self.browser, self.provider, self._outside = browser, provider, outside

    async def log_in(self, *groups: str, sub: str = "7", username: str = "Wang.Wu") -> str:
        """Where the browser is led: the address of a refusal, else an empty text."""
        account = {"sub": sub, "preferred_username": username, "name": "王五", "realm_access": {"roles": list(groups)}}
        self.provider.account = account
        begun = await self.browser.get("/api/v1/oidc/login")
        returned = await self._outside.get(begun.headers["location"])
        query = {name: values[0] for name, values in parse_qs(urlsplit(returned.headers["location"]).query).items()}
        ended = await self.browser.get("/api/v1/oidc/callback", params=query)
        return ended.headers.get("location", "")

    async def session(self) -> tuple[int, str | None, str | None]:
        answer = await self.browser.get("/api/v1/session")
        body = answer.json()
        return answer.status_code, body.get("role"), body.get("place")


@pytest.fixture
async def office(harness: ConsoleHarness) -> AsyncIterator[Office]:
    async with (
        OidcProvider(
            client_id="fengshao", client_secret="s3cret", redirect_uri=CALLBACK, clock=lambda: harness.now
        ) as provider,
        loopback_client() as outside,
    ):
        config = OidcConfig(
            provider.issuer, "fengshao", Secret("s3cret"), CALLBACK, groups_claim="realm_access.roles", groups=GROUPS
        )
        app = harness.app_with(security={"oidc": OidcClient(config, outside)})
        async with client_of(app) as browser:
            yield Office(browser, provider, outside)


async def test_the_first_login_adds_the_user_and_each_login_gives_what_the_group_has_now(
    office: Office, admin: Client
) -> None:
    assert await office.log_in("b3-duty") == ""
    assert await office.session() == (200, "operator", "b3")
    (user,) = [one for one in (await admin.get("/api/v1/users")).json()["items"] if one["id"] == "wang.wu"]
    assert (user["name"], user["role"], user["place"]["id"]) == ("王五", "operator", "b3")
    assert await office.log_in("b3-duty", "street-chief") == ""
    assert await office.session() == (200, "dispatcher", None)
    assert await office.log_in("b3-duty") == ""
    assert await office.session() == (200, "operator", "b3")
    entries = (await admin.get("/api/v1/audit", params={"about": "wang.wu", "action": "user "})).json()["items"]
    found = [(one["action"], one["detail"]["group"]) for one in entries]
    assert found == [("user changed", "b3-duty"), ("user changed", "street-chief"), ("user created", "b3-duty")]


async def test_without_a_listed_group_nobody_enters_and_open_sessions_end(office: Office, admin: Client) -> None:
    assert await office.log_in("cleaning") == "/login?failed=group"
    assert [one["id"] for one in (await admin.get("/api/v1/users")).json()["items"]] == []
    await office.log_in("b3-duty")
    assert await office.log_in() == "/login?failed=group"
    assert (await office.session())[0] == 401


async def test_a_group_of_a_place_that_is_gone_gives_nothing_rather_than_the_whole_site(office: Office) -> None:
    assert await office.log_in("gone-duty") == "/login?failed=group"


async def test_a_name_with_a_password_here_is_not_taken_over(office: Office, admin: Client) -> None:
    await admin.post("/api/v1/users", json={"id": "root", "name": "值班", "role": "administrator"})
    assert await office.log_in("street-chief", username="root") == "/login?failed=user"
    assert await office.log_in("street-chief", username="张三") == "/login?failed=user"


async def test_a_disabled_user_stays_outside_whatever_his_group(office: Office, admin: Client) -> None:
    await office.log_in("b3-duty")
    disabled = await admin.patch("/api/v1/users/wang.wu", json={"disabled": True})
    assert disabled.status_code == 200, disabled.text
    assert await office.log_in("street-chief") == "/login?failed=user"
