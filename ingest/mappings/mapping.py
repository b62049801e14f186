"""Mapping books: which field of a platform is which quantity of ours, by data (ingest/mappings/*.yaml)."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from domain.kind import Name
from ingest.mappings.vocabulary import WordLists

ANY_PLATFORM: Final = "any"
"""The platform name of a book that holds for all platforms."""

EVERY_KIND: Final = "every"
"""The key of `spoken` and `words` for what holds for every kind."""

EXACT_PLATFORMS: Final = frozenset({"native", "zigbee2mqtt"})
"""Platforms whose field names are fixed: no field is recognised by another spelling."""

_SHORT_FORMS: Final = {"ignore": {"ignore": True}}


def _expand_short_form(rules: object) -> object:
    """`gas: alarm` is short for `gas: {to: alarm}`, `linkquality: ignore` for `{ignore: true}`; a list has several."""
    listed = rules if isinstance(rules, list) else [rules]
    return [_SHORT_FORMS.get(rule, {"to": rule}) if isinstance(rule, str) else rule for rule in listed]


class FieldRule(BaseModel):
    """What one field of a platform becomes. `words` translate a value; then `scale` and `offset` apply to a number.

    - `absent`: values that mean "not measured"; a word that becomes null means the same.
    - `otherwise`: a word that is not listed is refused, or is absent, or is true or false.
    - `bit`: takes one bit of a whole number (`5`, `"0x21"`).
    - `text_number`: reads `1700 mm` and `24.5 ℃` as numbers.
    - `largest`: of several fields of one quantity the one furthest from zero counts, without it the last.
    - `vague`: means this only for a registered device: any contact, switch or motion is no hint of the kind of an
      unregistered one.
    - `volts`: a `battery` of 3.6 is volts: with `volts: true` only such a number is meant (below 4.4, not whole), with
      `volts: false` every other.
    - `unit`: what the maker documents and the message leaves out (`L`); `stated`: only with a unit in the message.
    - `milli_from`: from this value on a number is in thousandths.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Name | None = None
    ignore: bool = False
    words: dict[str, bool | int | float | str | None] | None = None
    otherwise: Literal["refuse", "absent"] | bool = "refuse"
    bit: int | None = Field(default=None, ge=0, le=63)
    absent: list[bool | int | float | str] = Field(default_factory=list)
    scale: float = 1
    offset: float = 0
    invert: bool = False
    text_number: bool = False
    largest: bool = False
    vague: bool = False
    volts: bool | None = None
    unit: str = ""
    milli_from: float | None = None


Fields = dict[str, Annotated[list[FieldRule], BeforeValidator(_expand_short_form)]]
"""The rules of each field: mostly one; an alarm code or a bit field may hold several quantities."""


class ModelFields(BaseModel):
    """Fields of one model of a kind. `models` are the names that a registry or a device profile may give it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: list[str]
    kind: Name
    fields: Fields
    words: WordLists = Field(default_factory=dict)


class MappingBook(BaseModel):
    """The fields of one platform: those of every kind, those of each kind, and exceptions of single models.

    - `also`: other platforms whose devices send the same: one LoRaWAN codec runs on several networks.
    - `spoken`: field names in plain words, by kind or for `every` kind. They hold in any spelling where no field is
      listed exactly.
    - `closed`: the platform serves no other kinds than its `kinds`; an unregistered device is proposed as one of them.
    - `words`: what makers write as values, by kind or for `every` kind.
    - `alarm_fields`, `event_fields`: fields that hold such words where no mapping lists the field.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    platform: str
    also: list[str] = Field(default_factory=list)
    version: int
    closed: bool = False
    fields: Fields = Field(default_factory=dict)
    kinds: dict[Name, Fields] = Field(default_factory=dict)
    models: list[ModelFields] = Field(default_factory=list)
    spoken: dict[Name, Fields] = Field(default_factory=dict)
    words: dict[Name, WordLists] = Field(default_factory=dict)
    alarm_fields: list[str] = Field(default_factory=list)
    event_fields: list[str] = Field(default_factory=list)
