"""Messages of an exercise (drill): who may receive one, and how each is labelled. Pure.

Nothing of an exercise reaches residents, family, volunteers or bodies outside. `may_receive` is asked when a message of
any kind is written into the outbox (alerts/messages/admission.py), and again directly before it is sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from domain import Person
from domain.roles import RoleKind, Roles

LABEL: Final = "演练"
PREFIX: Final = f"{LABEL}："
FORBIDDEN_RECIPIENT: Final = "exercise"
"""Outcome code of a message of an exercise to a person who may not receive one."""
UNLABELLED: Final = "unlabelled"
"""Outcome code of a message of an exercise that does not begin with the label."""

_FAMILY_OF: Final = "family_of"
_MARKUP: Final = re.compile(r"^(?:【[^】]*】|<[^>]*>)+")
"""A signature, or the colour of a line."""


def may_receive(person: Person | None, role: str, roles: Roles) -> bool:
    """Whether an exercise may be told to this person in this role: staff only, and nobody who lives in the community.

    A person without a record and a role that the site does not define are refused.
    """
    if person is None or role not in roles or roles[role].kind is not RoleKind.STAFF:
        return False
    return person.home is None and _FAMILY_OF not in person.attributes


def labelled(text: str) -> str:
    """The text with the label in front, and nowhere else.

    >>> labelled("紧急 演练：燃气泄漏"), labelled("演练：燃气泄漏")
    ('演练：紧急 燃气泄漏', '演练：燃气泄漏')
    """
    return PREFIX + unlabelled(text)


def unlabelled(text: str) -> str:
    """The text without the label."""
    return text.replace(PREFIX, "")


def is_labelled(payload: Mapping[str, Any]) -> bool:
    """Whether what the recipient reads or hears first begins with the label: the sentence behind the signature, the
    subject of a mail, the title of a card, a keyword of a template. A changed button of a card that is labelled needs
    none.
    """
    if set(payload) == {"button"}:
        return True
    card, event, keywords = payload.get("card"), payload.get("type"), payload.get("data")
    names = ("text", "markdown") if event else ("text", "markdown", "subject")
    shown = [str(payload[name]) for name in names if payload.get(name)]
    shown += [str(card["main_title"]["title"])] if isinstance(card, dict) else []
    shown += [str(payload["data"].get("text"))] if event else []
    if keywords and not event:
        # The provider shows the keywords only; at least one must say what it is.
        shown += [next((str(value) for value in keywords.values() if str(value).startswith(LABEL)), "")]
    return bool(shown) and all(_MARKUP.sub("", text).startswith(LABEL) for text in shown)
