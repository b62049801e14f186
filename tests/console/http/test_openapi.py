"""The OpenAPI document is complete: every operation has a response, a body and a summary."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.documented_responses import check, document

NO_BODY = {
    ("post", "/api/v1/rules/reload"),
    ("post", "/api/v1/drills/{alert_id}/end"),
    ("post", "/api/v1/canary"),
    ("post", "/api/v1/exchange/dead-letters/{number}/resend"),
    ("post", "/api/v1/people/{person_id}/calendar-link"),
    ("post", "/api/v1/account/pin"),
    ("post", "/api/v1/people/{person_id}/erase"),
    ("post", "/api/v1/users/{user_id}/password"),
}
"""Changes that need no more said than their address."""

NO_JSON = {
    "/api/v1/alerts.csv": "text/csv",
    "/api/v1/audit.csv": "text/csv",
    "/api/v1/oidc/callback": "text/html",
    "/api/v1/oidc/login": "text/html",
    "/api/v1/exchange/photos/{signed}": "image/jpeg",
    "/api/v1/alerts/{alert_id}/plans/{place_id}": "image/*",
    "/api/v1/statistics/report": "text/html",
    "/api/v1/rosters/{roster_id}.ics": "text/calendar",
    "/api/v1/calendars/{secret}.ics": "text/calendar",
    "/api/v1/photos/{photo_id}": "image/jpeg",
    "/api/v1/report/status/{token}/photos/{photo_id}": "image/jpeg",
    "/api/v1/places/{place_id}/qr.svg": "image/svg+xml",
    "/api/v1/places-qr-sheet": "text/html",
    "/api/v1/stream": "text/event-stream",
    "/api/v1/callbacks/{channel}/{secret}": "text/plain",
    "/metrics": "text/plain",
    "/cap/alerts/{alert_id}.xml": "application/cap+xml",
    "/cap/feed.xml": "application/atom+xml",
}


def operations() -> Iterator[Any]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield pytest.param(method, path, operation, id=f"{method} {path}")


def schemas(part: Any) -> Iterator[Any]:
    """Every schema of the document."""
    if isinstance(part, dict):
        yield part
        for one in part.values():
            yield from schemas(one)
    elif isinstance(part, list):
        for one in part:
            yield from schemas(one)


@pytest.mark.parametrize(("method", "path", "operation"), list(operations()))
def test_an_operation_has_a_summary_a_body_and_a_response(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation.get("summary"), "no summary"
    assert len(operation["tags"]) == 1, "shown twice, or nowhere"
    responses = {status: response for status, response in operation["responses"].items() if status.isdigit()}
    assert responses, "no answer"
    for status, response in responses.items():
        media = NO_JSON.get(path, "application/json")
        assert status == "204" or response["content"][media]["schema"], f"{status}: no schema"
    assert {"4XX", "5XX"} <= operation["responses"].keys(), "refusals are not described"
    if method in ("post", "put", "patch") and (method, path) not in NO_BODY:
        contents = operation["requestBody"]["content"].values()
        assert all(content["schema"] for content in contents), "no schema of its body"


def test_the_number_of_operations_is_known_and_each_has_its_own_id() -> None:
    names = [operation["operationId"] for methods in document()["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names)) >= 73


def test_every_reference_has_a_schema_and_every_schema_a_description() -> None:
    known = document()["components"]["schemas"]
    referred = {one["$ref"] for one in schemas(document()) if isinstance(one.get("$ref"), str)}
    assert referred <= {f"#/components/schemas/{name}" for name in known}
    described = {name for name, one in known.items() if one.get("description") or one.get("enum") or "_" in name}
    assert set(known) - described == set()


def test_the_events_of_the_stream_have_schemas() -> None:
    events = document()["paths"]["/api/v1/stream"]["get"]["x-events"]
    assert {"alert", "status", "resync"} == events.keys()
    assert {"$ref": "#/components/schemas/AlertItem"} == events["alert"]


def test_times_are_times() -> None:
    alert = document()["components"]["schemas"]["AlertItem"]["properties"]
    assert {"type": "string", "format": "date-time"} == alert["opened_at"]
    assert {"type": "integer"} == alert["late_ms"]


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/api/v1/session", 200, {"role": "king"}),
        ("GET", "/api/v1/session", 201, {}),
        ("GET", "/api/v1/rules", 200, {"items": [{"name": "gas"}], "next": None}),
    ],
)
def test_a_response_that_differs_from_the_document_is_found(method: str, path: str, status: int, body: Any) -> None:
    with pytest.raises(AssertionError):
        check(method, path, status, body)
