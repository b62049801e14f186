"""One example body per thing people write, and its schema, for the API's documents. A test sends each of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from pydantic import TypeAdapter

DEVICE: Final = {
    "id": "gas-0412",
    "kind": "gas_alarm",
    "model": "HS1CG",
    "place": "c1-3-2-402",
    "identities": [{"platform": "zigbee2mqtt", "id": "0x00158d0004a1b2c3"}],
    "attributes": {"installed": "2026-05-01", "report_every": "1h"},
}
PLACE: Final = {"id": "c1-3", "name": "3栋", "level": "building", "parent": "c1", "cell": "m03"}
CELL: Final = {"id": "m03", "name": "第三微网格", "level": "micro_grid", "parent": "g01"}
PERSON: Final = {"id": "worker-3", "name": "张三", "phone": "19900000003", "wecom": "zhangsan", "home": None}
DUTY: Final = {
    "id": "d-3",
    "cell": "m03",
    "role": "worker",
    "person": "worker-3",
    "rank": 0,
    "weekdays": [1, 2, 3, 4, 5],
    "from": "08:00",
    "to": "20:00",
    "since": None,
    "until": None,
    "absent": False,
}
ACTION: Final = {
    "person": "worker-3",
    "comment": "已关阀通风",
    "reason": "检修",
    "until": "2026-11-21T23:00:00+08:00",
    "to": "worker-4",
}
SILENCE: Final = {
    "matchers": {"place": "c1-3-2-402", "hazard": "gas"},
    "until": "2026-11-21T23:00:00+08:00",
    "reason": "燃气公司检修",
    "person": "worker-3",
}
LINK: Final = {"person": "worker-3"}
RESET: Final = {"device": "gas-0412", "reason": "已到现场查看，关阀通风"}
LOGIN: Final = {"token": "令牌"}
TOKEN: Final = {"role": "operator", "person": "worker-3", "place": "c1"}
READING: Final = [{"device": "gas-0412", "ts": 1795269903, "lel_pct": 12.5, "alarm": False}]


PROBLEM_SCHEMA: Final = {
    "type": "object",
    "description": "RFC 9457: how every refusal is answered. `errors`: which field, and what to write instead.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
"""RFC 9457: how every refusal is answered."""

_PROBLEM_REF: Final = {"$ref": "#/components/schemas/Problem"}
ERROR_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": told, "content": {"application/problem+json": {"schema": _PROBLEM_REF}}}
    for status, told in (("4XX", "What was wrong with the request"), ("5XX", "What is wrong here"))
}

CREATED_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {201: {"description": "It is new"}}
UNCHANGED_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {200: {"description": "It was so already"}}
NOT_READY_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    503: {"description": "Alarms are not heard yet, or no longer"}
}


class BodyItems(StrEnum):
    """How many of a shape a body may hold."""

    ONE = "one"
    ONE_OR_LIST = "one or a list"


def request_body(
    example: Any, shape: TypeAdapter[Any], many: BodyItems = BodyItems.ONE, *, optional: bool = False
) -> dict[str, Any]:
    """What FastAPI adds to an operation of the OpenAPI document: it reads no bodies for us (console.http.requests)."""
    schema = _inline_references(shape.json_schema())
    if many is BodyItems.ONE_OR_LIST:
        schema = {"anyOf": [schema, {"type": "array", "items": schema}]}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": not optional, "content": content}}


def push_body(example: Any) -> dict[str, Any]:
    """A push: what a platform sends; our own is an object or a list of objects, each a message."""
    message = {"type": "object", "additionalProperties": True}
    schema = {"anyOf": [message, {"type": "array", "items": message}]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}


def any_body(description: str) -> dict[str, Any]:
    """A body in whatever form a provider writes it."""
    return {"requestBody": {"description": description, "content": {"*/*": {"schema": {"type": "string"}}}}}


def _inline_references(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without references: they would lead to the root of the document it is put into."""
    defined = schema.get("$defs", {})

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return resolved(defined[part["$ref"].rpartition("/")[2]])
        return {name: resolved(one) for name, one in part.items() if name != "$defs"}

    found: dict[str, Any] = resolved(schema)
    return found
