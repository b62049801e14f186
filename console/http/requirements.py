"""What a route requires of whoever asks: one object that refuses the request, and that the OpenAPI document shows.

`check_requirements` refuses an application with a route that has none. Where the endpoint of a user finds the place it
checks follows from the path; the matrix of `tests/console/access` is compared with what the document says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from console.http.authorization import WHOLE_SITE_ACTIONS, current_user, reject_worker_link, require
from console.security.auth import PERMISSIONS, AccessRole, Principal
from console.security.scopes import TokenScope, is_in_scope

USER_ROLES: Final = tuple(role for role in AccessRole if role not in (AccessRole.DEVICE, AccessRole.EXCHANGE))
LoggedIn = Annotated[Principal, Depends(current_user)]
_PARAMETER: Final = re.compile(r"{(\w+)}")


class Requirement:
    """A dependency of a route: it gives the user, or answers 401 or 403."""

    def __init__(self, act: str | None = None, links: bool = True) -> None:
        """`act`: a permission of `PERMISSIONS`; None: every role of people. `links`: whether a worker's link, which
        opens one alert, is enough."""
        self.act, self.links = act, links

    async def __call__(self, principal: LoggedIn) -> Principal:
        self.enforce(principal)
        return principal

    def enforce(self, principal: Principal) -> None:
        """403 unless the principal has what is required."""
        if not self.links:
            reject_worker_link(principal)
        if self.act is not None:
            require(principal, self.act)

    @property
    def roles(self) -> tuple[AccessRole, ...]:
        """The roles that may have what is required."""
        if self.act is None:
            return USER_ROLES
        return tuple(role for role in AccessRole if self.act in PERMISSIONS[role])


class RequirementByPath(Requirement):
    """The permission is the one that a parameter of the path names."""

    def __init__(self, parameter: str, acts: Mapping[str, str], *, links: bool = True, or_asked: bool = False) -> None:
        """`or_asked`: a person may be asked for this one act, whatever his role; the endpoint then decides."""
        super().__init__(None, links)
        self.parameter, self.acts, self._or_asked = parameter, acts, or_asked

    @property
    def roles(self) -> tuple[AccessRole, ...]:
        """The roles that may have one of the permissions."""
        if self._or_asked:
            return USER_ROLES
        return tuple(role for role in AccessRole if PERMISSIONS[role] & set(self.acts.values()))

    async def __call__(self, principal: LoggedIn, request: Request) -> Principal:  # type: ignore[override]
        self.enforce(principal)
        act = self.acts.get(str(request.path_params[self.parameter]))
        if act is not None and not (self._or_asked and principal.person is not None):
            require(principal, act)
        return principal


@dataclass(frozen=True)
class NoUser:
    """A dependency of a route that no user has to log in for: what is asked for instead, in words."""

    credential: str

    async def __call__(self) -> None:
        """Nothing: the endpoint checks the credential."""


CurrentUser = Annotated[Principal, Depends(Requirement())]
NonLinkUser = Annotated[Principal, Depends(Requirement(links=False))]
"""Any user except a worker's link."""
RefusalReader = Annotated[Principal, Depends(Requirement("refusals"))]
UserAdmin = Annotated[Principal, Depends(Requirement("users"))]
RegistryAdmin = Annotated[Principal, Depends(Requirement("registry"))]
RosterPlanner = Annotated[Principal, Depends(Requirement("roster", links=False))]
PUBLIC: Final = Depends(NoUser("none"))
SECRET_IN_ADDRESS: Final = Depends(NoUser("the secret in the address"))


def check_requirements(routes: Iterable[tuple[str, APIRoute]]) -> None:
    """Raises for a route without a requirement: it would be open to everybody, and nobody would have decided that."""
    bare = [f"{sorted(route.methods or ())} {path}" for path, route in routes if not _found(route)]
    if bare:
        raise TypeError(
            f"routes without a requirement: {', '.join(bare)}: give the endpoint a parameter `user: CurrentUser` (or "
            "another alias of console.http.requirements), or the route `dependencies=[PUBLIC]`"
        )


def describe(path: str, method: str, route: APIRoute) -> dict[str, Any]:
    """The extensions of an operation: `x-roles`, `x-permissions`, `x-scopes`, `x-links`, `x-place`; without a user
    `x-credential`."""
    found = _found(route)
    requirements = [one for one in found if isinstance(one, Requirement)]
    if not requirements:
        return {"x-credential": " or ".join(one.credential for one in found if isinstance(one, NoUser))}
    acts = {one.act for one in requirements if one.act is not None}
    by_path = [one for one in requirements if isinstance(one, RequirementByPath)]
    is_site = bool(acts & WHOLE_SITE_ACTIONS) or any(set(one.acts.values()) <= WHOLE_SITE_ACTIONS for one in by_path)
    asked = _PARAMETER.sub("x", path)
    described: dict[str, Any] = {
        "x-roles": [role.value for role in AccessRole if all(role in one.roles for one in requirements)],
        "x-permissions": sorted(acts),
        "x-scopes": [scope.value for scope in TokenScope if is_in_scope(scope, method, asked)],
        "x-links": all(one.links for one in requirements) and not is_site,
        "x-place": "site" if is_site else _place(path, method),
    }
    for one in by_path:
        described["x-permission-of"] = {one.parameter: dict(one.acts)}
    return described


def _place(path: str, method: str) -> str:
    """Where the endpoint finds the place to which a token may be limited: `{parameter}`, the thing so named must lie in
    it; `filter`, what lies outside is left out; `body`, what the body names must lie in it. (`site`: such a token is
    refused.)"""
    named = _PARAMETER.findall(path)
    if named:
        return f"{{{named[0]}}}"
    return "filter" if method == "GET" else "body"


def _found(route: APIRoute) -> list[Requirement | NoUser]:
    return list(_walk(route.dependant))


def _walk(dependant: Dependant) -> Iterator[Requirement | NoUser]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, (Requirement, NoUser)):
            yield inner.call
        yield from _walk(inner)
