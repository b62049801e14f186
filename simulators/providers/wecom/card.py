"""Limits of WeCom messages: interactive cards and plain text.

Source of the limits: facts/notifications.md 1.1. The error code of each fault is documented by group only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_TASK_ID = re.compile(r"[0-9A-Za-z_\-@]+")
_LIMITS: Final = (
    (("source", "desc"), 20),
    (("main_title", "title"), 36),
    (("main_title", "desc"), 44),
    (("sub_title_text",), 160),
)
_MAX_ITEMS: Final = {"button_list": 6, "horizontal_content_list": 6, "jump_list": 3}
_TEXT_BYTES: Final = 2048
BAD_PARAMETER, EMPTY, TOO_LONG, BAD_TASK_ID = 40058, 44004, 45002, 42014

CardFault = tuple[int, str]


def message_fault(body: Mapping[str, Any]) -> CardFault | None:
    """The first fault of a message as (errcode, errmsg), or None."""
    kind = body.get("msgtype")
    if kind == "template_card":
        return next(_card_faults(body.get("template_card")), None)
    if kind in ("text", "markdown"):
        return _text_fault(body.get(kind))
    return BAD_PARAMETER, f"unsupported msgtype {kind}"


def _text_fault(part: object) -> CardFault | None:
    content = part.get("content") if isinstance(part, dict) else None
    if not isinstance(content, str) or not content:
        return EMPTY, "empty content"
    return (TOO_LONG, "content too long") if len(content.encode()) > _TEXT_BYTES else None


def _card_faults(card: object) -> Iterator[CardFault]:
    if not isinstance(card, dict) or card.get("card_type") != "button_interaction":
        yield BAD_PARAMETER, "template_card.card_type must be button_interaction"
        return
    task = card.get("task_id")
    if not isinstance(task, str) or not _TASK_ID.fullmatch(task) or len(task) > 128:
        yield BAD_TASK_ID, "invalid task_id"
    if not _at(card, ("main_title", "title")):
        yield EMPTY, "main_title.title is empty"
    for path, limit in _LIMITS:
        if len(_at(card, path)) > limit:
            yield TOO_LONG, f"{'.'.join(path)} longer than {limit}"
    for name, limit in _MAX_ITEMS.items():
        if len(card.get(name, [])) > limit:
            yield TOO_LONG, f"{name} has more than {limit}"
    yield from _row_faults(card)
    yield from _button_faults(card)


def _row_faults(card: Mapping[str, Any]) -> Iterator[CardFault]:
    for row in card.get("horizontal_content_list", []):
        if len(row.get("keyname", "")) > 5 or len(row.get("value", "")) > 30:
            yield TOO_LONG, "horizontal_content_list: keyname at most 5, value at most 30"


def _button_faults(card: Mapping[str, Any]) -> Iterator[CardFault]:
    buttons = card.get("button_list", [])
    if not buttons:
        yield EMPTY, "button_list is empty"
    for button in buttons:
        if not button.get("text") or len(button["text"]) > 10:
            yield TOO_LONG, "button text has 1 to 10 characters"
        if not button.get("key") or len(button["key"].encode()) > 1024:
            yield BAD_PARAMETER, "button key has 1 to 1024 bytes"
        if button.get("style", 1) not in (1, 2, 3, 4):
            yield BAD_PARAMETER, "button style is 1 to 4"


def _at(card: Mapping[str, Any], path: tuple[str, ...]) -> str:
    value: Any = card
    for name in path:
        value = value.get(name, "") if isinstance(value, dict) else ""
    return value if isinstance(value, str) else ""
