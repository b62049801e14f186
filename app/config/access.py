"""Schema of `access` in site.yaml: the cost of password hashes, and the identity provider."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain import DAY
from domain.duration import Duration


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PasswordHashSettings(_Strict):
    """Parameters of Argon2id. The default is the second recommended option of RFC 9106; OWASP's least is 2 passes over
    19 MiB. Hashes made with other parameters stay valid, and are renewed at the user's next login."""

    passes: Annotated[int, Field(ge=1, le=20)] = 3
    """Passes over the memory (t)."""
    memory_kib: Annotated[int, Field(ge=8, le=1 << 20)] = 65_536
    """Memory of one guess (m)."""
    lanes: Annotated[int, Field(ge=1, le=16)] = 4
    """Lanes (p)."""


class OidcGroupSettings(_Strict):
    """What the members of a group may do."""

    group: Annotated[str, Field(min_length=1, max_length=256)]
    """Name of the group, as the claim has it."""
    role: Literal["viewer", "worker", "operator", "dispatcher", "administrator"]
    """viewer, worker, operator, dispatcher or administrator."""
    place: str | None = None
    """Id of the place that they are limited to, with all below; without one everywhere."""


class OidcSettings(_Strict):
    """An identity provider (OpenID Connect). The client secret is read from the named environment variable."""

    issuer: Annotated[str, Field(pattern=r"^https?://\S+$")]
    """Address of the provider; its `/.well-known/openid-configuration` is read."""
    client_id: Annotated[str, Field(min_length=1)]
    """Id of this service at the provider."""
    client_secret_env: str = "FENGSHAO_OIDC_SECRET"  # noqa: S105 - a name
    """Secret of this service at the provider."""
    title: str = "统一身份认证"
    """What the button of the login page says."""
    username_claim: str = "preferred_username"
    """The claim whose value is the login name of a user here."""
    scopes: tuple[str, ...] = ("openid", "profile")
    """Scopes that are asked for."""
    groups_claim: str = "groups"
    """The claim of the ID token that names a user's groups; a dot leads into an object: `realm_access.roles`."""
    groups: tuple[OidcGroupSettings, ...] = ()
    """Roles by group, the first that fits counts. With entries the provider decides who may log in and as what, at
    every login; whoever is in none of them may not. Without any, the accounts here decide."""


class AccessSettings(_Strict):
    """How people log in."""

    password_hash: PasswordHashSettings = PasswordHashSettings()
    first_password_valid: Duration = 3 * DAY
    """How long a password holds that an administrator or the first start set; then another one has to be made."""
    oidc: OidcSettings | None = None
