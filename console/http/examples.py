"""Example bodies of requests and shared parts of responses, for the OpenAPI document. A test sends each example."""

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
    "hazards": ["fire"],
    "days": ["workday"],
}
ROTATION: Final = {
    "id": "m03-workers",
    "name": "第三微网格三班",
    "cells": ["m03"],
    "role": "worker",
    "layers": [
        {
            "rank": 0,
            "members": ["worker-3", "worker-4"],
            "start": "2026-11-30",
            "handover": {"every": "1w", "at": "08:00", "weekday": 1},
            "shifts": [{"name": "白", "from": "08:00", "to": "20:00"}, {"name": "夜", "from": "20:00", "to": "08:00"}],
        }
    ],
    "hazards": [],
}
OVERRIDE: Final = {
    "kind": "leave",
    "person": "worker-3",
    "from": "2026-12-01T08:00:00+08:00",
    "until": "2026-12-02T08:00:00+08:00",
    "substitute": "worker-4",
    "leave": "年假",
    "reason": "回家",
}
SWAP: Final = {
    "asker": "worker-3",
    "other": "worker-4",
    "from": "2026-12-01T08:00:00+08:00",
    "until": "2026-12-02T08:00:00+08:00",
    "back_from": "2026-12-03T08:00:00+08:00",
    "back_until": "2026-12-04T08:00:00+08:00",
    "reason": "孩子家长会",
}
SWAP_ANSWER: Final = {"answer": "accept", "reason": "可以"}
ACTION: Final = {
    "person": "worker-3",
    "comment": "已关阀通风",
    "reason": "检修",
    "until": "2026-11-21T23:00:00+08:00",
    "to": "worker-4",
    "into": "17",
    "findings": ["gas-alarm@3/gas-0412/1795269600000"],
    "disposition": "real",
}
CASE: Final = {
    "title": "居民称有燃气味",
    "hazard": "gas",
    "severity": "high",
    "place": "c1-3-2-402",
    "address": "门口楼道",
    "text": "电话报告，楼道里气味很重",
    "person": "worker-3",
    "key": "call-2026-11-21-17",
}
REPORT: Final = {
    "category": "exit",
    "text": "消防通道被电动车堵住了",
    "place": "c1-3",
    "address": "东侧通道",
    "phone": "19900000009",
    "consent": True,
    "key": "5f0c9a52-7c1e-4f0e-9d5b-1f1f6f1d2a77",
}
RATING: Final = {"satisfied": True, "text": "处理很快"}
VERIFY: Final = {"person": "worker-5", "comment": "现场已看"}
ANSWER: Final = {"text": "通道已清理，并安装了隔离桩。", "person": "worker-3"}
MERGE: Final = {"alert": "31", "reason": "同一处燃气泄漏"}
ERASE: Final = {"phone": "19900000009"}
PHOTOS: Final = {"comment": "现场照片", "person": "worker-3"}
SILENCE: Final = {
    "matchers": {"place": "c1-3-2-402", "hazard": "gas"},
    "until": "2026-11-21T23:00:00+08:00",
    "reason": "燃气公司检修",
    "person": "worker-3",
}
LINK: Final = {"person": "worker-3"}
RESET: Final = {"device": "gas-0412", "reason": "已到现场查看，关阀通风"}
LOGIN: Final = {"user": "zhangsan", "password": "两只黄鹂鸣翠柳2026"}
TOKEN: Final = {
    "role": "operator",
    "person": "worker-3",
    "place": "c1",
    "name": "值班室大屏",
    "scope": "read",
    "expires_at": "2027-11-21T00:00:00+08:00",
}
USER: Final = {"id": "zhangsan", "name": "张三", "role": "operator", "place": "c1", "person": "worker-3"}
BACKUP: Final = {"at": 1795269600000, "file": "fengshao-20261121T140000Z.tar.gz", "bytes": 73400320, "verified": True}
HISTORY_COPY: Final = {"readings": True}
USER_CHANGE: Final = {"role": "dispatcher", "disabled": False}
NEW_PASSWORD: Final = {"old": "旧密码", "new": "两只黄鹂鸣翠柳2026"}
READING: Final = [{"device": "gas-0412", "ts": 1795269903, "lel_pct": 12.5, "alarm": False}]
EXTERNAL_CASE: Final = {
    "工单号": "GD20261121001",
    "诉求类型": "燃气泄漏",
    "诉求内容": "楼道有很浓的燃气味",
    "诉求地址": "枫林苑3栋",
    "受理时间": "2026-11-21 22:00:00",
    "办理时限": "2026-11-22 22:00:00",
    "紧急程度": "紧急",
}
EXTERNAL_STATE: Final = {"状态": "回访满意", "状态时间": "2026-11-21 23:00:00", "事件编号": "E-7"}


PROBLEM_SCHEMA: Final = {
    "type": "object",
    "description": "RFC 9457: the body of every error. `errors`: which field, and what to write instead.",
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
"""Schema of a problem document (RFC 9457)."""

_PROBLEM_REF: Final = {"$ref": "#/components/schemas/Problem"}
ERROR_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    status: {"description": text, "content": {"application/problem+json": {"schema": _PROBLEM_REF}}}
    for status, text in (("4XX", "An error of the request"), ("5XX", "An error of the service"))
}

CREATED_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {201: {"description": "Created"}}
UNCHANGED_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {200: {"description": "Nothing changed"}}
NOT_READY_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    503: {"description": "Alarms are not received yet, or no longer"}
}


class BodyItems(StrEnum):
    """Whether a body is one item, or an item or a list of them."""

    ONE = "one"
    ONE_OR_LIST = "one or a list"


def request_body(
    example: Any, adapter: TypeAdapter[Any], many: BodyItems = BodyItems.ONE, *, optional: bool = False
) -> dict[str, Any]:
    """The request body of an operation; bodies are parsed by console.http.requests, so FastAPI describes none."""
    schema = _inline_references(adapter.json_schema())
    if many is BodyItems.ONE_OR_LIST:
        schema = {"anyOf": [schema, {"type": "array", "items": schema}]}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": not optional, "content": content}}


def merge_patch_body(example: dict[str, Any]) -> dict[str, Any]:
    """The body of a JSON merge patch (RFC 7396): some fields of a record."""
    name = next(name for name in example if name != "id")
    schema = {"type": "object", "additionalProperties": True}
    content = {"schema": schema, "example": {name: example[name]}}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/merge-patch+json": content, "application/json": content},
        }
    }


def photo_form(example: Any = None, adapter: TypeAdapter[Any] | None = None) -> dict[str, Any]:
    """A form with photos; `adapter` describes its other fields, which may also be sent as JSON without photos."""
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    if adapter is not None:
        schema = _inline_references(adapter.json_schema())
    photos = {"type": "array", "maxItems": 4, "items": {"type": "string", "format": "binary"}}
    form = {**schema, "properties": {**schema["properties"], "photos": photos}}
    content: dict[str, Any] = {"multipart/form-data": {"schema": form}}
    if adapter is not None:
        content["application/json"] = {"schema": schema, "example": example}
    return {"requestBody": {"required": True, "content": content}}


def push_body(example: Any) -> dict[str, Any]:
    """The body of a push: as the platform sends it; the native form is a message or a list of messages."""
    message = {"type": "object", "additionalProperties": True}
    schema = {"anyOf": [message, {"type": "array", "items": message}]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}}


def any_body(description: str) -> dict[str, Any]:
    """A body in the provider's own format."""
    return {"requestBody": {"description": description, "content": {"*/*": {"schema": {"type": "string"}}}}}


def _inline_references(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its `$defs` inlined: references would point to the root of the surrounding document."""
    defined = schema.get("$defs", {})

    def resolved(part: Any) -> Any:
        if isinstance(part, list):
            return [resolved(item) for item in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return resolved(defined[part["$ref"].rpartition("/")[2]])
        return {name: resolved(item) for name, item in part.items() if name != "$defs"}

    inlined: dict[str, Any] = resolved(schema)
    return inlined
