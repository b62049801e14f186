"""Roles of recipients: data of the site, from alerts/ladders/roles.yaml and the site's own roles.yaml. Pure.

Rosters, ladders and deliveries hold the id of a role; this module holds what is known about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from domain import Fault

ROLE_ID: Final = r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
RoleId = Annotated[str, Field(pattern=ROLE_ID, max_length=64)]


class RoleKind(StrEnum):
    """Which people have a role. It decides what a message may say and which personal data it may contain."""

    STAFF = "staff"
    """Employees of the grid, the community, the street, departments and contractors: may be instructed."""
    VOLUNTEER = "volunteer"
    """Helpers without an obligation: asked, never instructed, and told no resident's name before they accept."""
    RESIDENT = "resident"
    """The person concerned and the family: told with consent only."""
    ORGANISATION = "organisation"
    """A body outside, such as the gas company: one address for many people."""


class Role(BaseModel):
    """One role with its names in Chinese and English."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str = Field(min_length=1, max_length=20)
    en: str = Field(min_length=1, max_length=60)
    kind: RoleKind = RoleKind.STAFF


class RoleFile(BaseModel):
    """The built-in roles.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: dict[RoleId, Role] = Field(min_length=1)


class SiteRole(BaseModel):
    """A role in a site's roles.yaml: what it leaves out stays as built in; a new one needs its Chinese name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str | None = Field(default=None, min_length=1, max_length=20)
    en: str | None = Field(default=None, min_length=1, max_length=60)
    kind: RoleKind | None = None


class SiteRoleFile(BaseModel):
    """A site's roles.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: dict[RoleId, SiteRole] = Field(min_length=1)


Roles = Mapping[str, Role]
"""Roles by id, in the order in which they are listed."""


def merged_roles(built_in: Roles, own: SiteRoleFile) -> dict[str, Role]:
    """The built-in roles with the site's changes, then the site's new roles.

    A new role without an English name is called by its id; one without a Chinese name is left out (`role_faults`).
    """
    roles = dict(built_in)
    for name, changed in own.roles.items():
        known = {} if name not in roles else roles[name].model_dump()
        fields = {"en": name.replace("_", " "), **known, **changed.model_dump(exclude_none=True)}
        if "zh" in fields:
            roles[name] = Role.model_validate(fields)
    return roles


def role_faults(built_in: Roles, own: SiteRoleFile) -> Iterator[Fault]:
    """Faults: a new role without a Chinese name."""
    for name, role in own.roles.items():
        if name not in built_in and role.zh is None:
            yield Fault(("roles", name), "is a new role without a Chinese name: write `zh: ...`")


def role_named(text: str, roles: Roles) -> str | None:
    """The id of the role with this Chinese or English name; None when there is none.

    >>> role_named("网格员", {"worker": Role(zh="网格员", en="grid worker")})
    'worker'
    """
    return next((name for name, role in roles.items() if text.strip().lower() in (role.zh, role.en.lower())), None)
