"""Masks names and phones of residents for viewers and grid workers: 王**, 199****0001. Pure."""

from __future__ import annotations

import re
from typing import Any, Final

_MOBILE: Final = re.compile(r"(?<!\d)((?:00)?86-?)?(1[3-9]\d{9})(?!\d)")
"""With or without the country code, which providers write before the number."""
_LANDLINE: Final = re.compile(r"(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)")


def mask_name(name: str) -> str:
    """
    >>> mask_name("王小明"), mask_name("")
    ('王**', '')
    """
    return name[:1] + "*" * (len(name) - 1)


def mask_phone(phone: str | None) -> str | None:
    """
    >>> mask_phone("19900000001"), mask_phone("12345"), mask_phone(None)
    ('199****0001', '*****', None)
    """
    if phone is None:
        return None
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 9 else "*" * len(phone)


def mask_text(text: str) -> str:
    """A text with its phone numbers masked.

    >>> mask_text("找王师傅 13800138000，或 028-85551234")
    '找王师傅 138****8000，或 028-8555****'
    >>> mask_text("+8613800138000")
    '+86138****8000'
    """
    text = _MOBILE.sub(lambda found: f"{found[1] or ''}{mask_phone(found[2])}", text)
    return _LANDLINE.sub(lambda found: f"{found[0][:-4]}****", text)


def mask_person(view: dict[str, Any], *, is_resident: bool) -> dict[str, Any]:
    """A person's view with masked phone and no other address; for a resident also without the full name and attributes
    (age, illness).
    """
    view = {**view, "phone": mask_phone(view["phone"]), "wecom": None, "addresses": {}}
    return {**view, "name": mask_name(view["name"]), "attributes": {}} if is_resident else view
