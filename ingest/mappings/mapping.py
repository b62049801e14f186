"""Vendor fields become our quantities, by data (ingest/mappings/*.yaml). It knows no file and no device.

`compile_plan` turns a kind and the books that apply to it into one table, so that a message costs one look-up a field.
A field that already bears one of the kind's quantity names is taken as it is, on every platform. A field that no table
names may still say in plain words what it is (`smokeAlarm`, `smoke_alarm`, `status.SmokeAlarm`): see `spoken`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Final, Literal

from msgspec import Struct, field
from msgspec.structs import replace
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from domain.by_identity import ByIdentity
from domain.kind import Kind, Name, Quantity
from ingest.mappings.field_names import below_containers, below_folders, folded, heard_as, name_below_containers
from ingest.mappings.value_shapes import unnumbered, without_value
from ingest.mappings.vocabulary import Vocabulary, Word, WordLists, gathered

ANY: Final = "any"
"""The platform name of a book that holds for all platforms."""

EVERY: Final = "every"
"""What is `spoken` of every kind."""

EXACT: Final = frozenset({"native", "zigbee2mqtt"})
"""Platforms whose words are fixed: nothing there is understood by its spelling."""

TEST: Final = "test"
"""The quantity that never passes at once: how long it has been said counts (see ingest.mappings.repeats)."""

_SHORT_FORMS = {"ignore": {"ignore": True}}


def _written_short(written: object) -> object:
    """`gas: alarm` is short for `gas: {to: alarm}`, `linkquality: ignore` for `{ignore: true}`; a list are several."""
    rules = written if isinstance(written, list) else [written]
    return [_SHORT_FORMS.get(rule, {"to": rule}) if isinstance(rule, str) else rule for rule in rules]


class FieldRule(BaseModel):
    """What one vendor field becomes. `words` translate a value; then `scale` and `offset` apply to a number.

    `absent` are the values that mean "not measured"; so does a word that becomes null. A word that is not listed is
    refused, or is absent if `otherwise: absent`, or means yes or no if `otherwise` says so. `bit` takes one bit of a
    whole number (`5`, `"0x21"`). `text_number` reads `1700 mm` and `24.5 ℃` as numbers. Of several fields that mean one
    quantity the last counts; with `largest`, the one furthest from zero. A `vague` field means this only from a device
    that we know: everybody's contact, switch or motion says nothing about a stranger. A `battery` of 3.6 is volts: with
    `volts: true` only such a number is meant (below 4.4, not whole), with `volts: false` every other. `unit` is what
    the maker documents and the message leaves out (`L`); `stated`: only with a unit that the message bears.
    From `milli_from` on a number is in thousandths.
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


Fields = dict[str, Annotated[list[FieldRule], BeforeValidator(_written_short)]]
"""The rules of each field: mostly one; an alarm code or a word of bits may say several things."""


class ModelFields(BaseModel):
    """One model of a kind. `models` are the names a registry or a device profile may give it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: list[str]
    kind: Name
    fields: Fields
    words: WordLists = Field(default_factory=dict)


class MappingBook(BaseModel):
    """The fields of one platform: those of every kind, those of each kind, and what single models do otherwise.

    `also` are other platforms whose devices say the same: one LoRaWAN codec runs on several networks. `spoken` are
    plain words, by kind or of `every` kind, which hold in any spelling where no field is named exactly. A platform
    that serves no other kinds than its `kinds` is `closed`: a stranger there is proposed as none else. `words` are what
    makers write as values, by kind or of `every` kind; `alarm_fields` and `event_fields` bear such words where no
    mapping names the field.
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


class Spec(Struct, frozen=True, gc=False):
    """What the gate does with one field. `types`, `lo` and `hi` let an ordinary value pass with one comparison.

    `also` are the other things that this field says. A `strict` number is never text.
    """

    quantity: str
    holds: str
    types: tuple[type, ...]
    lo: float
    hi: float
    danger: bool = False
    ignored: bool = False
    rule: FieldRule | None = None
    also: tuple[Spec, ...] = ()
    unit: str = ""
    event: bool = False
    strict: bool = False


class Plan(Struct, frozen=True):
    """How to read one kind of device on one platform. `specs` are by field, `spoken` by the folded words of a field.

    `special` are the words of this very platform or model; they go before those of any field that is not mapped for it
    (`own`): what `active` means is the maker's word, not that of a general table.
    """

    kind: str
    specs: dict[str, Spec]
    danger: tuple[str, ...]
    spoken: dict[str, Spec] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default_factory=lambda: Vocabulary({}))
    carriers: dict[str, bool] = {}
    special: Mapping[str, Word] = {}
    own: frozenset[str] = frozenset()
    dangers_named: frozenset[str] = frozenset()

    def meant(self, name: str) -> tuple[Spec, ...]:
        """All that a field of this name says; nothing when nobody knows it."""
        spec = self.specs.get(name) or self._understood(name) or self._in_another_shape(name)
        return () if spec is None else (spec, *spec.also)

    def carries(self, name: str) -> bool | None:
        """Whether the words of an unmapped field may be a verdict: True also an all-clear, None not at all."""
        plain = unnumbered(name)
        heard = (*heard_as(name), *heard_as(plain), *below_containers(plain))
        return next((self.carriers[words] for words in heard if words in self.carriers), None)

    def carries_below(self, name: str) -> bool:
        """Whether its last word alone could bear a verdict: the `status` of a service that nobody knows."""
        return folded(unnumbered(name).rpartition(".")[2]) in self.carriers

    def _in_another_shape(self, name: str) -> Spec | None:
        """A value object's `x.value`; a numbered channel of a verdict (`WaterLeak_1`). Of numbers no channel counts."""
        plain = without_value(name)
        for whole in (plain, name_below_containers(plain)):
            if whole != name and (spec := self.specs.get(whole)) is not None:
                return spec
        base = unnumbered(plain)
        found = None if base == name else self.specs.get(base) or self._understood(base)
        verdicts = found is not None and all(each.holds == "bool" for each in (found, *found.also))
        return found if verdicts else None

    def _understood(self, name: str) -> Spec | None:
        """By its words. Below folders several may be called the same: only a danger is believed by its last word."""
        spec = next((self.spoken[words] for words in heard_as(name) if words in self.spoken), None)
        below = self.spoken.get(below_folders(name))
        return spec or (below if below is not None and below.danger else None)


_TYPES: Final[dict[str, tuple[type, ...]]] = {"bool": (bool,), "number": (float, int), "text": ()}
_IGNORED: Final = Spec("", "text", (), 0, 0, ignored=True)


def compile_plan(
    kind: Kind, books: Sequence[MappingBook], platform: str, model: str | None = None, with_words: bool = True
) -> Plan:
    """The table for this kind, platform and model. The more special a rule, the later it speaks.

    Where words are free a danger under our own name may be one too: `alarm: gas leak`.
    """
    if not with_words:
        return _compile(kind, books, platform, model)
    return _compile_once(ByIdentity(kind), tuple(map(ByIdentity, books)), platform, model)


@lru_cache(maxsize=1024)
def _compile_once(
    kind: ByIdentity[Kind], books: tuple[ByIdentity[MappingBook], ...], platform: str, model: str | None
) -> Plan:
    """Compiled once for all listeners of a process that understand by the same files."""
    every = [book.value for book in books]
    return _with_words(_compile(kind.value, every, platform, model), kind.value, every, platform, model)


def _compile(kind: Kind, books: Sequence[MappingBook], platform: str, model: str | None) -> Plan:
    exact = platform in EXACT
    specs = {name: _as_it_is(name, quantity, exact) for name, quantity in kind.quantities.items()}
    words = {folded(name): spec for name, spec in specs.items()}
    spoken = {} if platform in EXACT else words | _spoken(kind, books)
    specs |= {name: spoken[folded(name)] for name, spec in specs.items() if spec.danger and spoken}
    for name, rules in _rules(books, platform, kind.kind, model):
        specs[name] = replace(_mapped(rules, kind.quantities), strict=exact)
    danger = tuple(name for name, quantity in kind.quantities.items() if quantity.danger)
    return Plan(kind.kind, specs, danger, spoken)


def _with_words(plan: Plan, kind: Kind, books: Sequence[MappingBook], platform: str, model: str | None) -> Plan:
    """What makers write as values. The more special a list, the later it speaks: platform, then kind, then model."""
    general, special = (
        [
            book.words.get(whose, {})
            for whose in (EVERY, kind.kind)
            for book in books
            if wanted == book.platform or wanted in book.also
        ]
        for wanted in (ANY, platform)
    )
    models = (each for book in books if platform == book.platform or platform in book.also for each in book.models)
    special += [each.words for each in models if each.kind == kind.kind and _is(model, each)]
    carriers = {folded(name): False for book in books for name in book.event_fields}
    carriers |= {folded(name): True for book in books for name in book.alarm_fields}
    named = {name for name, spec in _spoken(kind, books).items() if spec.danger} | {
        folded(name) for name in plan.danger
    }
    known = frozenset(named - carriers.keys())
    own = frozenset(name for name, _ in _rules(books, platform, kind.kind, model, general=False))
    vocabulary, said = Vocabulary(gathered([*general, *special])), gathered(special if platform != ANY else [])
    return replace(plan, vocabulary=vocabulary, carriers=carriers, dangers_named=known, special=said, own=own)


def _is(model: str | None, said: ModelFields) -> bool:
    """A model is the same in every spelling: `EM300-SLD` in a registry is `em300-sld` on The Things Stack."""
    return model is not None and folded(model) in map(folded, said.models)


def _rules(
    books: Sequence[MappingBook], platform: str, kind: str, model: str | None, general: bool = True
) -> Iterable[tuple[str, list[FieldRule]]]:
    for wanted in (ANY, platform) if general else (platform,):
        asked = [book for book in books if wanted == book.platform or wanted in book.also]
        models = (each for book in asked for each in book.models if each.kind == kind and _is(model, each))
        for fields in (
            *(book.fields for book in asked),
            *(book.kinds.get(kind, {}) for book in asked),
            *(each.fields for each in models),
        ):
            yield from fields.items()


def _spoken(kind: Kind, books: Sequence[MappingBook]) -> dict[str, Spec]:
    """What this kind's words mean; a quantity that it does not have is no word of it."""
    said = (book.spoken.get(whose, {}) for whose in (EVERY, kind.kind) for book in books)
    known = {folded(name): _mapped(rules, kind.quantities) for fields in said for name, rules in fields.items()}
    return {name: spec for name, spec in known.items() if not spec.ignored}


def _as_it_is(name: str, quantity: Quantity, strict: bool) -> Spec:
    lo, hi = _range(quantity)
    types = _TYPES[quantity.type] if name != TEST else ()
    return Spec(
        name, quantity.type, types, lo, hi, quantity.danger, unit=quantity.unit, event=quantity.event, strict=strict
    )


def _mapped(rules: Sequence[FieldRule], quantities: Mapping[str, Quantity]) -> Spec:
    """The rules of a field as the gate sees them; a quantity this kind does not have is known, and not for us."""
    meant = [spec for rule in rules if not (spec := _one_mapped(rule, quantities)).ignored]
    if len(meant) < 2:
        return meant[0] if meant else _IGNORED
    return replace(meant[0], types=(), also=tuple(meant[1:]))


def _one_mapped(rule: FieldRule, quantities: Mapping[str, Quantity]) -> Spec:
    quantity = quantities.get(rule.to or "")
    if rule.ignore or rule.to is None or quantity is None:
        return _IGNORED
    lo, hi = _range(quantity)
    types = _TYPES[quantity.type] if _passes(rule, quantity.unit, lo, hi) else ()
    plain = Spec(rule.to, quantity.type, types, lo, hi, quantity.danger, rule=rule)
    return replace(plain, unit=quantity.unit, event=quantity.event)


def _range(quantity: Quantity) -> tuple[float, float]:
    """The plausible range. Infinity is outside every range; a bool lies between false and true."""
    if quantity.type == "bool":
        return False, True
    lo = -sys.float_info.max if quantity.min is None else quantity.min
    return lo, sys.float_info.max if quantity.max is None else quantity.max


def _passes(rule: FieldRule, ours: str, lo: float, hi: float) -> bool:
    """Whether a value of the right type inside the plausible range needs nothing done to it."""
    changes = rule.words or rule.invert or rule.text_number or rule.largest or rule.scale != 1 or rule.offset
    changes = changes or rule.bit is not None or rule.volts is not None or rule.unit not in ("", ours)
    changes = changes or rule.milli_from is not None
    hidden = any(not isinstance(value, str) and lo <= value <= hi for value in rule.absent)
    return not changes and not hidden and rule.to != TEST
