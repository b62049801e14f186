"""Plans: how the fields of one kind of device on one platform are read, compiled from the mapping books that apply.

A message costs one lookup per field. A field that has the name of a quantity of the kind is taken as it is, on every
platform. A field that no book lists may still be recognised by its words, in any spelling (`smokeAlarm`, `smoke_alarm`,
`status.SmokeAlarm`): see `MappingBook.spoken`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from domain import Value
from domain.by_identity import ByIdentity
from domain.kind import Kind, Quantity
from ingest.mappings.field_names import (
    leaf_below_containers,
    leaf_below_folders,
    name_below_containers,
    name_variants,
    normalized,
)
from ingest.mappings.mapping import ANY_PLATFORM, EVERY_KIND, EXACT_PLATFORMS, FieldRule, MappingBook, ModelFields
from ingest.mappings.units import states_unit
from ingest.mappings.value_shapes import without_channel, without_value
from ingest.mappings.vocabulary import Vocabulary, Word, collect_words

TEST_QUANTITY: Final = "test"
"""The quantity that never takes the fast path: how long it lasts counts (ingest/mappings/repeats.py)."""


class FieldSpec(Struct, frozen=True, gc=False):
    """How to read one field. `types`, `lo` and `hi` let an ordinary value pass with one comparison.

    `others` are further quantities of the same field. A `strict` number is never text. An ignored field has the
    `types` that are left out without looking at the value: none where it may state the unit of another field.
    """

    quantity: str
    value_type: str
    types: tuple[type, ...]
    lo: float
    hi: float
    danger: bool = False
    ignored: bool = False
    rule: FieldRule | None = None
    others: tuple[FieldSpec, ...] = ()
    unit: str = ""
    event: bool = False
    strict: bool = False


ORDINARY_MAX: Final = 1_000
"""Combinations of fields that a plan remembers; beyond it all are worked out again."""


class OrdinaryFields(Struct, frozen=True):
    """How a message with certain fields is read while each value has the right type and is plausible.

    `checks` are types and range by field, None where a message with these fields is never ordinary; `quantities` are
    empty for an ignored field, which has no range. `dangers`: those of the quantities.
    """

    checks: tuple[tuple[tuple[type, ...], float, float], ...] | None
    quantities: tuple[str, ...]
    dangers: tuple[str, ...]
    keeps_names: bool

    @classmethod
    def of(cls, names: Sequence[str], specs: Sequence[FieldSpec | None], dangers: Iterable[str]) -> OrdinaryFields:
        """What these fields, with their specs (None: unknown), hold. `dangers` are all those of the kind."""
        known = [spec for spec in specs if spec is not None]
        taken = [spec.quantity for spec in known if not spec.ignored]
        if len(known) < len(specs) or not taken or len(set(taken)) < len(taken):
            return cls(None, (), (), keeps_names=False)
        quantities = tuple("" if spec.ignored else spec.quantity for spec in known)
        return cls(
            tuple((spec.types, spec.lo, spec.hi) for spec in known),
            quantities,
            tuple(name for name in dangers if name in taken),
            keeps_names=quantities == tuple(names),
        )

    def read(self, fields: dict[str, Any]) -> dict[str, Value] | None:
        """The values, in `fields` itself where the names stay; None when one is not ordinary."""
        if self.checks is None:
            return None
        if self.keeps_names:
            for value, (types, lo, hi) in zip(fields.values(), self.checks, strict=True):
                if type(value) not in types or not lo <= value <= hi:
                    return None
            return fields
        values: dict[str, Value] = {}
        for quantity, value, (types, lo, hi) in zip(self.quantities, fields.values(), self.checks, strict=True):
            if type(value) not in types or (quantity and not lo <= value <= hi):
                return None
            if quantity:
                values[quantity] = value
        return values


class Plan(Struct, frozen=True):
    """How to read one kind of device on one platform. `specs` are by field, `by_words` by normalized field name.

    - `carriers`: normalized names of unmapped fields that may hold a verdict; True if they may hold an all-clear too.
    - `platform_words`: the words of this platform or model. They go before those of any field that is not mapped for it
      (`platform_fields`): what `active` means is the maker's word, not that of a general table.
    - `danger_names`: normalized names of the kind's dangers.
    """

    kind: str
    specs: dict[str, FieldSpec]
    danger: tuple[str, ...]
    by_words: dict[str, FieldSpec] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default_factory=lambda: Vocabulary({}))
    carriers: dict[str, bool] = {}
    platform_words: Mapping[str, Word] = {}
    platform_fields: frozenset[str] = frozenset()
    danger_names: frozenset[str] = frozenset()
    ordinary: dict[tuple[str, ...], OrdinaryFields] = field(default_factory=dict)
    """By the fields of a message, in their order; filled by `remember_ordinary`."""

    def remember_ordinary(self, names: tuple[str, ...]) -> OrdinaryFields:
        """How an ordinary message with these fields is read, worked out once for all of them."""
        if len(self.ordinary) >= ORDINARY_MAX:
            self.ordinary.clear()
        specs = [self.specs.get(name) for name in names]
        fields = self.ordinary[names] = OrdinaryFields.of(names, specs, self.danger)
        return fields

    def specs_for(self, name: str) -> tuple[FieldSpec, ...]:
        """Everything that a field of this name holds; empty for an unknown field."""
        spec = self.specs.get(name) or self._spec_by_words(name) or self._spec_by_shape(name)
        return () if spec is None else (spec, *spec.others)

    def carries_verdict(self, name: str) -> bool | None:
        """Whether words in this unmapped field may be a verdict: True if an all-clear too, None if not at all."""
        plain = without_channel(name)
        variants = (*name_variants(name), *name_variants(plain), *leaf_below_containers(plain))
        return next((self.carriers[variant] for variant in variants if variant in self.carriers), None)

    def leaf_carries_verdict(self, name: str) -> bool:
        """Whether the last word of the name alone could hold a verdict: the `status` of an unknown service."""
        return normalized(without_channel(name).rpartition(".")[2]) in self.carriers

    def _spec_by_shape(self, name: str) -> FieldSpec | None:
        """The `x.value` of a value object; a numbered channel of a verdict (`WaterLeak_1`), but not of a number."""
        plain = without_value(name)
        for other in (plain, name_below_containers(plain)):
            if other != name and (spec := self.specs.get(other)) is not None:
                return spec
        base = without_channel(plain)
        found = None if base == name else self.specs.get(base) or self._spec_by_words(base)
        is_verdict = found is not None and all(spec.value_type == "bool" for spec in (found, *found.others))
        return found if is_verdict else None

    def _spec_by_words(self, name: str) -> FieldSpec | None:
        """By its words. Below folders several fields may have one last word: only a danger is taken by it."""
        spec = next((self.by_words[variant] for variant in name_variants(name) if variant in self.by_words), None)
        by_leaf = self.by_words.get(leaf_below_folders(name))
        return spec or (by_leaf if by_leaf is not None and by_leaf.danger else None)


_TYPES: Final[dict[str, tuple[type, ...]]] = {"bool": (bool,), "number": (float, int), "text": ()}
_IGNORED: Final = FieldSpec("", "text", (), 0, 0, ignored=True)
_LEFT_OUT: Final = replace(_IGNORED, types=(str, int, float, bool))


def compile_plan(
    kind: Kind, books: Sequence[MappingBook], platform: str, model: str | None = None, with_words: bool = True
) -> Plan:
    """The plan for a kind, a platform and a model. More specific rules replace more general ones.

    Where words are free, a danger under our own quantity name may hold words too: `alarm: gas leak`.
    """
    if not with_words:
        return _compile(kind, books, platform, model)
    return _compile_once(ByIdentity(kind), tuple(map(ByIdentity, books)), platform, model)


@lru_cache(maxsize=1024)
def _compile_once(
    kind: ByIdentity[Kind], books: tuple[ByIdentity[MappingBook], ...], platform: str, model: str | None
) -> Plan:
    """Compiled once for all decoders of a process that use the same files."""
    all_books = [book.value for book in books]
    return _with_words(_compile(kind.value, all_books, platform, model), kind.value, all_books, platform, model)


def _compile(kind: Kind, books: Sequence[MappingBook], platform: str, model: str | None) -> Plan:
    exact = platform in EXACT_PLATFORMS
    specs = {name: _own_name_spec(name, quantity, exact) for name, quantity in kind.quantities.items()}
    own_words = {normalized(name): spec for name, spec in specs.items()}
    by_words = {} if exact else own_words | _word_specs(kind, books)
    specs |= {name: by_words[normalized(name)] for name, spec in specs.items() if spec.danger and by_words}
    for name, rules in _rules(books, platform, kind.kind, model):
        specs[name] = replace(_combined_spec(rules, kind.quantities), strict=exact)
    specs |= {name: _LEFT_OUT for name, spec in specs.items() if spec.ignored and not _may_change_others(name)}
    danger = tuple(name for name, quantity in kind.quantities.items() if quantity.danger)
    return Plan(kind.kind, specs, danger, by_words)


def _with_words(plan: Plan, kind: Kind, books: Sequence[MappingBook], platform: str, model: str | None) -> Plan:
    """The plan with what makers write as values. More specific lists come last: platform, then kind, then model."""
    general, special = (
        [
            book.words.get(key, {})
            for key in (EVERY_KIND, kind.kind)
            for book in books
            if name == book.platform or name in book.also
        ]
        for name in (ANY_PLATFORM, platform)
    )
    models = (fields for book in books if platform in (book.platform, *book.also) for fields in book.models)
    special += [fields.words for fields in models if fields.kind == kind.kind and _is_model(model, fields)]
    carriers = {normalized(name): False for book in books for name in book.event_fields}
    carriers |= {normalized(name): True for book in books for name in book.alarm_fields}
    dangers = {name for name, spec in _word_specs(kind, books).items() if spec.danger}
    dangers |= {normalized(name) for name in plan.danger}
    return replace(
        plan,
        vocabulary=Vocabulary(collect_words([*general, *special])),
        carriers=carriers,
        platform_words=collect_words(special if platform != ANY_PLATFORM else []),
        platform_fields=frozenset(name for name, _ in _rules(books, platform, kind.kind, model, general=False)),
        danger_names=frozenset(dangers - carriers.keys()),
    )


def _is_model(model: str | None, fields: ModelFields) -> bool:
    """A model is the same in every spelling: `EM300-SLD` in a registry is `em300-sld` on The Things Stack."""
    return model is not None and normalized(model) in map(normalized, fields.models)


def _rules(
    books: Sequence[MappingBook], platform: str, kind: str, model: str | None, general: bool = True
) -> Iterable[tuple[str, list[FieldRule]]]:
    for name in (ANY_PLATFORM, platform) if general else (platform,):
        applying = [book for book in books if name == book.platform or name in book.also]
        models = (fields for book in applying for fields in book.models if fields.kind == kind)
        for fields in (
            *(book.fields for book in applying),
            *(book.kinds.get(kind, {}) for book in applying),
            *(of_model.fields for of_model in models if _is_model(model, of_model)),
        ):
            yield from fields.items()


def _may_change_others(name: str) -> bool:
    """Whether a field changes how others are read: it may state a unit, or be a part of an object (value_shapes)."""
    return "." in name or states_unit(name)


def _word_specs(kind: Kind, books: Sequence[MappingBook]) -> dict[str, FieldSpec]:
    """The specs of the kind's words, by normalized word, without words of quantities that the kind does not have."""
    lists = (book.spoken.get(key, {}) for key in (EVERY_KIND, kind.kind) for book in books)
    specs = {
        normalized(name): _combined_spec(rules, kind.quantities) for fields in lists for name, rules in fields.items()
    }
    return {name: spec for name, spec in specs.items() if not spec.ignored}


def _own_name_spec(name: str, quantity: Quantity, strict: bool) -> FieldSpec:
    lo, hi = _range(quantity)
    types = _TYPES[quantity.type] if name != TEST_QUANTITY else ()
    spec = FieldSpec(name, quantity.type, types, lo, hi, quantity.danger)
    return replace(spec, unit=quantity.unit, event=quantity.event, strict=strict)


def _combined_spec(rules: Sequence[FieldRule], quantities: Mapping[str, Quantity]) -> FieldSpec:
    """The spec of a field with these rules; `ignored` when the kind has none of their quantities."""
    specs = [spec for rule in rules if not (spec := _rule_spec(rule, quantities)).ignored]
    if len(specs) < 2:
        return specs[0] if specs else _IGNORED
    return replace(specs[0], types=(), others=tuple(specs[1:]))


def _rule_spec(rule: FieldRule, quantities: Mapping[str, Quantity]) -> FieldSpec:
    quantity = quantities.get(rule.to or "")
    if rule.ignore or rule.to is None or quantity is None:
        return _IGNORED
    lo, hi = _range(quantity)
    types = _TYPES[quantity.type] if _is_ordinary(rule, quantity.unit, lo, hi) else ()
    spec = FieldSpec(rule.to, quantity.type, types, lo, hi, quantity.danger, rule=rule)
    return replace(spec, unit=quantity.unit, event=quantity.event)


def _range(quantity: Quantity) -> tuple[float, float]:
    """The plausible range. Infinity is outside every range; a bool lies between false and true."""
    if quantity.type == "bool":
        return False, True
    lo = -sys.float_info.max if quantity.min is None else quantity.min
    return lo, sys.float_info.max if quantity.max is None else quantity.max


def _is_ordinary(rule: FieldRule, our_unit: str, lo: float, hi: float) -> bool:
    """Whether a value of the right type inside the plausible range is taken unchanged."""
    changes = rule.words or rule.invert or rule.largest or rule.scale != 1 or rule.offset
    changes = changes or rule.bit is not None or rule.volts is not None or rule.unit not in ("", our_unit)
    changes = changes or rule.milli_from is not None
    absent = any(not isinstance(value, str) and lo <= value <= hi for value in rule.absent)
    return not changes and not absent and rule.to != TEST_QUANTITY
