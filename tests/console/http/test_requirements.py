"""What a route requires: refused requests, what the document says, and an application that does not start without."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from console.application import create_bare_app
from console.http.authorization import WHOLE_SITE_ACTIONS
from console.http.openapi import documented_router, iter_routes
from console.http.problems import Problem
from console.http.requirements import (
    PUBLIC,
    CurrentUser,
    RegistryAdmin,
    Requirement,
    RequirementByPath,
    check_requirements,
    describe,
)
from console.security.auth import PERMISSIONS, AccessRole, Principal


def app_with(endpoint: Any, path: str = "/things/{thing_id}", **options: Any) -> FastAPI:
    router = documented_router()
    router.add_api_route(path, endpoint, methods=["POST"], **options)
    app = FastAPI()
    app.include_router(router, prefix="/api/v1")
    return app


def only_route(app: FastAPI) -> tuple[str, APIRoute]:
    return next((path, route) for path, route in iter_routes(app) if path.startswith("/api/v1"))


async def open_to_all(thing_id: str) -> None: ...


async def for_users(user: CurrentUser, thing_id: str) -> None: ...


async def for_administrators(user: RegistryAdmin, thing_id: str) -> None: ...


def test_an_endpoint_that_requires_nothing_keeps_the_application_from_starting() -> None:
    with pytest.raises(TypeError, match=r"/api/v1/things/{thing_id}: give the endpoint a parameter"):
        check_requirements(iter_routes(app_with(open_to_all)))
    check_requirements(iter_routes(app_with(open_to_all, dependencies=[PUBLIC])))
    check_requirements(iter_routes(app_with(for_users)))


def test_every_route_of_the_application_was_checked_at_its_start() -> None:
    app = create_bare_app()
    app.router.routes.extend(app_with(open_to_all).router.routes)
    with pytest.raises(TypeError, match="things"):
        check_requirements(iter_routes(app))


def test_the_document_says_which_roles_scopes_and_places_reach_it() -> None:
    path, route = only_route(app_with(for_users))
    assert describe(path, "POST", route) == {
        "x-roles": ["viewer", "worker", "operator", "dispatcher", "administrator"],
        "x-permissions": [],
        "x-scopes": [],
        "x-links": True,
        "x-place": "{thing_id}",
    }
    path, route = only_route(app_with(for_administrators))
    found = describe(path, "POST", route)
    assert (found["x-roles"], found["x-place"], found["x-links"]) == (["administrator"], "site", False)
    path, route = only_route(app_with(open_to_all, dependencies=[PUBLIC]))
    assert describe(path, "POST", route) == {"x-credential": "none"}


@pytest.mark.parametrize("act", sorted({act for acts in PERMISSIONS.values() for act in acts}))
def test_the_roles_of_a_requirement_are_those_that_it_lets_pass(act: str) -> None:
    requirement, passed = Requirement(act), []
    for role in AccessRole:
        try:
            requirement.enforce(Principal(role, "t"))
        except Problem:
            continue
        passed.append(role)
    assert tuple(passed) == requirement.roles
    if act in WHOLE_SITE_ACTIONS:
        with pytest.raises(Problem):
            requirement.enforce(Principal(AccessRole.ADMINISTRATOR, "t", place="b3"))


def test_a_permission_that_the_path_names_is_documented_by_value() -> None:
    by_table = RequirementByPath("thing_id", {"people": "registry", "duties": "roster"}, links=False)
    assert by_table.roles == (AccessRole.DISPATCHER, AccessRole.ADMINISTRATOR)
