"""How people log in to a service: the first user, the cost of hashes, the identity provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from app.config.access import AccessSettings, OidcSettings, PasswordHashSettings
from app.datadir.stores import open_database
from app.server.access import OidcMisconfigured, build_access, create_first_user
from store.database.database import Database
from store.database.system import users
from tests.support.console_harness import cheap_passwords


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path)
    yield database
    database.close()


OIDC = OidcSettings(issuer="https://id.example", client_id="fengshao")


async def test_the_first_start_creates_an_administrator_who_must_choose_a_password(database: Database) -> None:
    passwords = cheap_passwords()
    first = await create_first_user(database, passwords, 5, demo=False)
    (user,) = await database.read(users.list_users)
    assert first is not None
    assert (user.id, user.role, user.must_change) == ("admin", "administrator", True)
    assert await passwords.verify(user.password, first)
    assert await create_first_user(database, passwords, 6, demo=False) is None


async def test_the_demo_forces_no_password(database: Database) -> None:
    assert await create_first_user(database, cheap_passwords(), 5, demo=True)
    assert [one.must_change for one in await database.read(users.list_users)] == [False]


async def test_the_settings_choose_the_cost_and_the_provider() -> None:
    cost = PasswordHashSettings(passes=1, memory_kib=8, lanes=1)
    async with httpx2.AsyncClient() as client:
        access = build_access(AccessSettings(password_hash=cost), "", client, {})
        assert access.oidc is None
        assert access.passwords.hash_blocking("x").startswith("$argon2id$v=19$m=8,t=1,p=1$")
        settings = AccessSettings(password_hash=cost, oidc=OIDC)
        full = build_access(settings, "https://maple.example/", client, {"FENGSHAO_OIDC_SECRET": "s"}).oidc
        assert full is not None
        assert full.config.redirect_url == "https://maple.example/api/v1/oidc/callback"
        for url, environ, named in (
            ("https://maple.example", {}, "FENGSHAO_OIDC_SECRET"),
            ("", {"FENGSHAO_OIDC_SECRET": "s"}, "public_url"),
        ):
            with pytest.raises(OidcMisconfigured, match=named):
                build_access(settings, url, client, environ)
