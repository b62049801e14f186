"""`/docs`: the API described on one page of plain HTML, made from the OpenAPI document. No script, no other server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

_METHODS: Final = ("get", "post", "put", "patch", "delete")

INTRODUCTION: Final = """
<p>所有接口在 <code>/api/v1</code> 下，收发 JSON。请求头：<code>Authorization: Bearer &lt;令牌&gt;</code>。</p>
<p>列表：<code>{"items": [...], "next": 游标或 null}</code>，<code>limit</code> 1–1000，默认 100；把 <code>next</code>
原样放进下一次请求的 <code>next</code> 参数。时间：带时区的 RFC 3339。</p>
<p>错误：<code>application/problem+json</code>（RFC 9457），
<code>errors</code> 逐项写明哪个字段、该怎么写。机器可读的说明：<a href="/api/v1/openapi.json">openapi.json</a>。</p>
"""


def page(title: str, document: Mapping[str, Any]) -> str:
    """The whole page."""
    sections = "".join(_operations(document["paths"]))
    return (
        f"<!doctype html><html lang=zh-CN><meta charset=utf-8><title>{escape(title)}</title>"
        f"<h1>{escape(title)}</h1>{INTRODUCTION}{sections}</html>"
    )


def _operations(paths: Mapping[str, Any]) -> Iterator[str]:
    for path, operations in paths.items():
        for method in _METHODS:
            if method in operations:
                yield _operation(path, method, operations[method])


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    rows = "".join(_parameter(one) for one in operation.get("parameters", ()))
    table = f"<table border=1 cellpadding=4>{rows}</table>" if rows else ""
    heading = f"<h3><code>{method.upper()} {escape(path)}</code></h3>"
    summary = "<br>".join(escape(operation[part]) for part in ("summary", "description") if operation.get(part))
    return f"{heading}<p>{summary}</p>{table}{_example(operation)}"


def _example(operation: Mapping[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" not in content:
        return ""
    return f"<pre>{escape(json.dumps(content['example'], ensure_ascii=False, indent=2))}</pre>"


def _parameter(parameter: Mapping[str, Any]) -> str:
    schema = parameter.get("schema", {})
    kind = schema.get("type") or "/".join(one.get("type", "") for one in schema.get("anyOf", ()))
    default = schema.get("default")
    cells = (
        parameter["name"],
        parameter["in"],
        kind,
        "" if default is None else str(default),
        parameter.get("description", ""),
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
