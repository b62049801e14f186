"""What a provider reads from the payload of a delivery: its own code of the template, and the variables. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from alerts.message import Delivery
from alerts.messages.speech import INSTEAD

FIXED: Final = "fixed"
"""Marks the payload of a message that is sent as the provider's fixed text, which is its value."""


class Filed(Struct, frozen=True):
    """A template of one provider with its variables in the order of the filed text, and the whole text."""

    template: str
    params: dict[str, str]
    text: str


def own_code(templates: Mapping[str, str], name: str) -> str:
    """The provider's code for `name.severity`, else for `name`; empty when it has neither.

    >>> own_code({"gas": "SMS_1"}, "gas.critical"), own_code({"gas": "SMS_1"}, "fire.high")
    ('SMS_1', '')
    """
    return templates.get(name) or templates.get(name.partition(".")[0]) or ""


def filed(delivery: Delivery, templates: Mapping[str, str], fallback_template: str = "") -> Filed:
    """The template as this provider has it: by `name.severity`, by `name`, else by the name given instead, else by the
    code in the payload.

    An empty code means that the provider has no template for this message.
    """
    payload = delivery.payload
    if payload.get(FIXED):
        return Filed(fallback_template, {}, str(payload[FIXED]))
    name = str(payload.get("name") or "")
    code = own_code(templates, name) or own_code(templates, str(payload.get(INSTEAD) or ""))
    params = payload.get("params")
    values = {str(key): str(value) for key, value in params.items()} if isinstance(params, Mapping) else {}
    return Filed(code, values, str(payload.get("text") or ""))
