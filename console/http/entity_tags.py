"""Entity tags (RFC 9110 section 8.8) of registry records, conditional changes, and JSON merge patch (RFC 7396)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import msgspec
from fastapi import Request

from console import messages_zh
from console.http.problems import Problem


def entity_tag(key: bytes, record: Any) -> str:
    """The tag of a record: it changes with every field. Keyed, so that no masked field can be guessed from it."""
    digest = hmac.new(key, msgspec.json.encode(record, order="sorted"), hashlib.sha256).hexdigest()
    return f'"{digest[:32]}"'


def require_match(request: Request, key: bytes, stored: Any) -> None:
    """412 when the request has `If-Match` and the stored record, None for none, is not one of those named there."""
    header = request.headers.get("if-match")
    if header is None or (header.strip() == "*" and stored is not None):
        return
    named = {tag.strip() for tag in header.split(",")}
    if stored is None or entity_tag(key, stored) not in named:
        raise Problem(412, messages_zh.CHANGED_MEANWHILE)


def merge_patch(target: Any, patch: Any) -> Any:
    """The target with the patch applied: null removes a member, objects are merged, all else is replaced.

    >>> merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"a": 9, "b": {"c": None}})
    {'a': 9, 'b': {'d': 3}}
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
