"""How people log in to this service: hashes of passwords, the identity provider, and the first user."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import httpx2
from msgspec import Struct
from sqlalchemy import Connection

from app.config.access import AccessSettings, OidcSettings
from app.config.unusable_settings import RAISING, UnusableSettings
from app.errors import UserError
from console.security.auth import AccessRole
from console.security.oidc import OidcClient, OidcConfig
from console.security.oidc_groups import GroupRole
from console.security.passwords import HashCost, Passwords, initial_password
from domain import DAY, Instant
from domain.secret import Secret
from store.database.database import Database
from store.database.system import audit, users

FIRST_USER = "admin"


class Access(Struct, frozen=True):
    """What the console gets."""

    passwords: Passwords
    oidc: OidcClient | None = None
    first_password_ms: int = 3 * DAY


class OidcMisconfigured(UserError):
    """The identity provider cannot be used as configured."""


def build_passwords(settings: AccessSettings) -> Passwords:
    """Hashes at the configured cost."""
    cost = settings.password_hash
    return Passwords(HashCost(cost.passes, cost.memory_kib, cost.lanes))


def build_access(
    settings: AccessSettings,
    public_url: str,
    client: httpx2.AsyncClient,
    environ: Mapping[str, str],
    unusable: UnusableSettings = RAISING,
) -> Access:
    """From the settings and the environment. With `unusable` people log in by password only where the identity provider
    cannot be used; without it raises OidcMisconfigured."""
    oidc: OidcClient | None = None
    if settings.oidc is not None:
        build = partial(_build_oidc, settings.oidc, public_url, client, environ)
        oidc = unusable.attempt("access.oidc", build, lambda _reason: None)
    return Access(build_passwords(settings), oidc, settings.first_password_valid)


def _build_oidc(
    oidc: OidcSettings, public_url: str, client: httpx2.AsyncClient, environ: Mapping[str, str]
) -> OidcClient:
    secret = environ.get(oidc.client_secret_env, "")
    if not secret:
        raise OidcMisconfigured(
            f"site.yaml: access.oidc: the environment variable {oidc.client_secret_env} is not set; put the client "
            "secret of the identity provider into it"
        )
    if not public_url:
        raise OidcMisconfigured(
            "site.yaml: access.oidc: needs public_url, to which the identity provider sends browsers back; "
            "write one like https://fengshao.example.cn"
        )
    redirect_url = public_url.rstrip("/") + "/api/v1/oidc/callback"
    config = OidcConfig(
        oidc.issuer,
        oidc.client_id,
        Secret(secret),
        redirect_url,
        oidc.title,
        oidc.username_claim,
        oidc.scopes,
        oidc.groups_claim,
        tuple(GroupRole(one.group, AccessRole(one.role), one.place) for one in oidc.groups),
    )
    return OidcClient(config, client)


async def create_first_user(database: Database, passwords: Passwords, now: Instant, *, demo: bool) -> str | None:
    """Where there is no user yet, create the administrator `admin`; returns his password, which must be shown now.

    It must be changed at the first login, except in the demo. None: there are users.
    """
    if await database.read(users.count):
        return None
    password = initial_password()
    user = users.User(
        FIRST_USER,
        "管理员",
        AccessRole.ADMINISTRATOR,
        password=await passwords.hash(password),
        must_change=not demo,
        created_at=now,
    )

    def work(tx: Connection) -> None:
        users.create(tx, user)
        audit.record(tx, now, "service", "user created", {"user": FIRST_USER, "role": user.role})

    await database.write(work)
    return password
