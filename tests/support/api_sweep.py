"""Every endpoint asked in every way the tests know of: what the sweeps over roles and secrets have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import httpx2
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

ENDLESS = frozenset({"/api/v1/stream"})
"""Answers that do not end: they have tests of their own."""


@dataclass(frozen=True)
class Ask:
    """One request of a sweep."""

    method: str
    route: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None

    async def sent(self, client: httpx2.AsyncClient, **headers: str) -> httpx2.Response:
        return await client.request(
            self.method, self.path, params=dict(self.query), json=self.body, headers={"x-fengshao": "1", **headers}
        )


def asks(
    app: FastAPI, values: Mapping[str, Sequence[str]], bodies: Sequence[Any] = (), methods: Sequence[str] = ()
) -> Iterator[Ask]:
    """Each route with each value of its path's parameters; bare, with each query parameter, and with them in pairs."""
    for address, route in routes(app):
        if address in ENDLESS:
            continue
        for method in sorted(route.methods - {"HEAD"}):
            if methods and method not in methods:
                continue
            for path in _paths(address, values):
                for query in _queries(route, values):
                    yield Ask(method, address, path, query)
                for body in bodies if method not in ("GET", "DELETE") else ():
                    yield Ask(method, address, path, (), body)


def routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    """Every endpoint by its whole address, those that are in no document included."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route.path, route
        elif (router := getattr(route, "original_router", None)) is not None:
            for inner in router.routes:
                assert isinstance(inner, APIRoute), inner
                yield route.include_context.prefix + inner.path, inner


def _paths(address: str, values: Mapping[str, Sequence[str]]) -> Iterator[str]:
    names = re.findall(r"{(\w+)}", address)
    for chosen in product(*(values[name] for name in names)):
        path = address
        for name, value in zip(names, chosen, strict=True):
            path = path.replace("{" + name + "}", value)
        yield path


def _queries(route: APIRoute, values: Mapping[str, Sequence[str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    yield ()
    asked = [(name, value) for name in dict.fromkeys(_named(route.dependant)) for value in values.get(name, ())]
    for one in asked:
        yield (one,)
    for one in asked:
        yield from ((one, other) for other in asked if other[0] == "at" and one[0] in ("device", "alert"))


def _named(dependant: Dependant) -> Iterator[str]:
    for param in dependant.query_params:
        yield param.alias
    for inner in dependant.dependencies:
        yield from _named(inner)
