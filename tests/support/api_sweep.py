"""Every endpoint requested with every parameter the tests know: shared by the sweeps over roles and over secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import httpx2
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

ENDLESS = frozenset({"/api/v1/stream"})
"""Responses that do not end: they have their own tests."""


@dataclass(frozen=True)
class SweepRequest:
    """One request of a sweep."""

    method: str
    route: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None

    async def send(self, client: httpx2.AsyncClient, **headers: str) -> httpx2.Response:
        return await client.request(
            self.method, self.path, params=dict(self.query), json=self.body, headers={"x-fengshao": "1", **headers}
        )


_DEFAULTS: Final = {"system": ["hotline", "care"], "external_id": ["FS-1"], "signed": ["x.y"]}
"""Values of parameters of paths that a test does not name; every other one is `1`."""


def sweep_requests(
    app: FastAPI, values: Mapping[str, Sequence[str]], bodies: Sequence[Any] = (), methods: Sequence[str] = ()
) -> Iterator[SweepRequest]:
    """Each route with each value of its path's parameters; bare, with each query parameter, and with pairs of them."""
    for path_template, route in routes(app):
        if path_template in ENDLESS:
            continue
        for method in sorted(route.methods - {"HEAD"}):
            if methods and method not in methods:
                continue
            for path in _paths(path_template, values):
                for query in _queries(route, values):
                    yield SweepRequest(method, path_template, path, query)
                for body in bodies if method not in ("GET", "DELETE") else ():
                    yield SweepRequest(method, path_template, path, (), body)


def routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Every endpoint by its full path, those that the OpenAPI document omits included."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route.path, route
        elif (router := getattr(route, "original_router", None)) is not None:
            for inner in router.routes:
                assert isinstance(inner, APIRoute), inner
                yield route.include_context.prefix + inner.path, inner


def _paths(path_template: str, values: Mapping[str, Sequence[str]]) -> Iterator[str]:
    names = re.findall(r"{(\w+)}", path_template)
    for chosen in product(*(values.get(name, _DEFAULTS.get(name, ["1"])) for name in names)):
        path = path_template
        for name, value in zip(names, chosen, strict=True):
            path = path.replace("{" + name + "}", value)
        yield path


def _queries(route: APIRoute, values: Mapping[str, Sequence[str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    yield ()
    parameters = [(name, value) for name in dict.fromkeys(_named(route.dependant)) for value in values.get(name, ())]
    for parameter in parameters:
        yield (parameter,)
    for parameter in parameters:
        yield from (
            (parameter, other) for other in parameters if other[0] == "at" and parameter[0] in ("device", "alert")
        )


def _named(dependant: Dependant) -> Iterator[str]:
    for param in dependant.query_params:
        yield param.alias
    for inner in dependant.dependencies:
        yield from _named(inner)
