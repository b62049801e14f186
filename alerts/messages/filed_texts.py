"""Texts as they are filed with a vendor, and those of messages that belong to a person. Checked at the start."""

from __future__ import annotations

import re
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, field_validator

VARIABLE: Final = re.compile(r"\$\{([a-z_]+)\}")
MAX_TEMPLATE: Final = 500
_STRICT = ConfigDict(extra="forbid", frozen=True)


def checked_as_filed(text: str) -> str:
    """The text; raises ValueError where it breaks a rule of the vendors for templates."""
    names = VARIABLE.findall(text)
    if len(names) != len(set(names)):
        raise ValueError("a variable may stand once only: the vendor refuses the template")
    if "}${" in text:
        raise ValueError("two variables may not be adjacent: write a word or a comma between them")
    if "【" in text or "】" in text:
        raise ValueError("the signature is added by the vendor: remove 【】")
    return text


def by_position(text: str) -> str:
    """The text as a vendor files it whose variables are numbers.

    >>> by_position("紧急：${title}，${place}。")
    '紧急：{1}，{2}。'
    """
    positions = {name: number for number, name in enumerate(VARIABLE.findall(text), 1)}
    return VARIABLE.sub(lambda match: f"{{{positions[match[1]]}}}", text)


class PersonalTemplate(BaseModel):
    """One filed template of a message that belongs to a person. `{page}` and `{host}` are the site's page
    for answers: vendors approve a link as a constant only."""

    model_config = _STRICT

    name: str
    code: str
    text: str = Field(min_length=1, max_length=MAX_TEMPLATE)

    @field_validator("text")
    @classmethod
    def _as_filed(cls, text: str) -> str:
        return checked_as_filed(text)

    def filed(self, page: str) -> str:
        """The text as the vendor approves it; `page` is the address of the page for answers."""
        return self.text.replace("{page}", page).replace("{host}", page.partition("://")[2])


class PersonalTexts(BaseModel):
    """The texts of one kind of message that belongs to a person: a title, the whole sentence, and the text messages,
    the longest first."""

    model_config = _STRICT

    title: str
    text: str
    sms: tuple[PersonalTemplate, ...] = Field(min_length=1)


class RosterWords(BaseModel):
    """Words of the messages about rosters."""

    model_config = _STRICT

    swap: str
    cover: str
    leave: str
    hours: str
    days: str
    note: str
    desk: str
