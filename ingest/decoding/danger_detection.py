"""Danger bits in messages that became no reading, and the kind that their fields suggest.

For unregistered devices and unreadable messages: the operations centre is notified of their dangers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from domain import RefusalReason
from domain.kind import Kind
from ingest.frame import Frame
from ingest.mappings.conversion import NOT_MEASURED, ConversionFailure, convert
from ingest.mappings.field_names import name_variants, normalized
from ingest.mappings.mapping import ANY_PLATFORM, MappingBook
from ingest.mappings.plan import FieldSpec, compile_plan
from ingest.mappings.value_shapes import flatten, without_channel, words_in
from ingest.mappings.vocabulary import Meaning, Vocabulary
from ingest.topics import is_exercise

WORDS_PREFIX: Final = "\0"
"""Before names that hold in any spelling, so that they are distinct from exact field names."""

DISTRESS_WORDS: Final = frozenset({"sos", "emergency", "panic", "help"})
"""Of a button's words only these are a danger by themselves: `single` of an unknown device may be a light switch."""


class DangerDetector:
    """Meanings of fields in every kind, by platform."""

    def __init__(self, kinds: Mapping[str, Kind], books: Sequence[MappingBook]) -> None:
        self._kinds, self._books = kinds, books
        self._vocabulary: dict[str, Vocabulary] = {}
        self._fields: dict[str, dict[str, list[tuple[str, FieldSpec]]]] = {}
        self._common_quantities = (
            set.intersection(*(set(kind.quantities) for kind in kinds.values())) if kinds else set()
        )
        word_counts = Counter(word for kind in kinds for word in kind.split("_"))
        self._kind_words = {kind: {word for word in kind.split("_") if word_counts[word] == 1} for kind in kinds}
        quantities = [(name, quantity) for kind in kinds.values() for name, quantity in kind.quantities.items()]
        dangers = {name for name, quantity in quantities if quantity.danger}
        harmless = {name for name, quantity in quantities if not quantity.danger}
        self._ambiguous = dangers & harmless
        models = ((name, fields.kind) for book in books for fields in book.models for name in fields.models)
        self._models = {normalized(name): kind for name, kind in models}
        self._closed_kinds = {book.platform: book.kinds.keys() for book in books if book.closed}
        self._danger_bits: dict[str | None, re.Pattern[bytes]] = {None: _true_bit_pattern(dangers - harmless)}
        for kind_name, kind in kinds.items():
            own = {name for name, quantity in kind.quantities.items() if quantity.danger}
            self._danger_bits[kind_name] = _true_bit_pattern(own)

    def in_unreadable(self, frame: Frame, reason: RefusalReason, kind: str | None = None) -> bool:
        """Whether an undecodable message must be treated as an alarm: it came on the native alarm topic, or its bytes
        contain a danger field set to true; never one of an exercise. `kind` is that of the registered device, if it is
        registered.
        """
        if is_exercise(frame.topic):
            return False
        is_broken = reason in (RefusalReason.BAD_PAYLOAD, RefusalReason.CODEC_FAILED, RefusalReason.TOO_LARGE)
        is_alarm_topic = frame.topic.startswith("fengshao/") and frame.topic.endswith("/alarm")
        danger_bits = self._danger_bits.get(kind, self._danger_bits[None])
        return (is_broken and is_alarm_topic) or danger_bits.search(frame.payload) is not None

    def in_fields(self, platform: str, fields: Mapping[str, object], model: str | None = None) -> bool:
        """Whether a field is a true danger bit in any kind; under test none is.

        What is a danger of one kind and none of another (`opened`: of a manhole cover, of a door) counts only for
        fields of that kind.
        """
        read = [
            (kind, name, spec, value)
            for name, value in flatten(fields)
            for kind, spec in self._specs_for(platform, name)
        ]
        if any(spec.quantity == "test" and convert(spec, value) is True for _, _, spec, value in read):
            return False
        alarms = [(kind, name) for kind, name, spec, value in read if self._is_alarm(kind, spec, value)]
        ambiguous = [kind for kind, name in alarms if normalized(name) in self._ambiguous]
        return len(alarms) > len(ambiguous) or self._likely_kind(platform, model, fields) in ambiguous

    def _likely_kind(self, platform: str, model: str | None, fields: Iterable[str]) -> str | None:
        return self._models.get(normalized(model or "")) or self.guess_kind(platform, fields)

    def guess_kind(self, platform: str, fields: Iterable[str]) -> str | None:
        """The one kind that has most of these fields, if there is one. Quantities of every kind do not count.

        Of several kinds the one whose own word a field holds (`smoke`: smoke_alarm, not fire_panel); of two to which
        the fields are a danger the one with fewer quantities, which these fields fit better (`moisture`: water_leak,
        not manhole).
        """
        served = self._closed_kinds.get(platform, self._kinds.keys())
        matches = [
            (name, kind, spec)
            for name in fields
            for kind, spec in self._specs_for(platform, name)
            if spec.quantity not in self._common_quantities and kind in served
        ]
        votes = Counter(kind for _, kind, _ in matches)
        best = [kind for kind, count in votes.items() if count == max(votes.values())]
        words = {word for name, _, _ in matches for word in name.lower().split("_")}
        best = [kind for kind in best if words & self._kind_words[kind]] or best
        if len(best) == 2 and {kind for _, kind, spec in matches if spec.danger}.issuperset(best):
            best = [min(best, key=lambda kind: len(self._kinds[kind].quantities))]
        return best[0] if len(best) == 1 else None

    def _specs_for(self, platform: str, name: str) -> list[tuple[str, FieldSpec]]:
        """The meanings of a field in each kind: by its exact name; in kinds without that name, by its words."""
        fields = self._fields_of(platform)
        exact = fields.get(name, [])
        exact_kinds = {kind for kind, _ in exact}
        keys = (WORDS_PREFIX + words for words in name_variants(name))
        by_words = next((fields[key] for key in keys if key in fields), [])
        base = without_channel(name)
        if not exact and not by_words and base != name:  # a channel of a verdict; of numbers no channel counts
            return [(kind, spec) for kind, spec in self._specs_for(platform, base) if spec.value_type == "bool"]
        found = [*exact, *((kind, spec) for kind, spec in by_words if kind not in exact_kinds)]
        return [(kind, meaning) for kind, spec in found for meaning in (spec, *spec.others) if _is_definite(meaning)]

    def _is_alarm(self, kind: str, spec: FieldSpec, value: object) -> bool:
        words: Sequence[object] = words_in(value) or [value]
        return any(self._is_alarm_value(kind, spec, word) for word in words)

    def _is_alarm_value(self, kind: str, spec: FieldSpec, value: object) -> bool:
        """A word that the mapping does not list has the meaning that the vocabulary gives it."""
        if not spec.danger:
            return False
        converted = convert(spec, value)
        is_listed = spec.rule is not None and type(spec.rule.otherwise) is not bool
        is_unknown = isinstance(converted, ConversionFailure) or not is_listed
        if isinstance(value, str) and is_unknown and converted is not NOT_MEASURED:
            word = self._vocabulary[kind].meaning_of(value)
            converted = converted is True if word is None else word.meaning in (Meaning.DANGER, Meaning.YES)
        is_button = spec.rule is not None and spec.rule.words is not None and spec.quantity == "sos"
        return converted is True and (not is_button or str(value).strip().lower() in DISTRESS_WORDS)

    def _fields_of(self, platform: str) -> dict[str, list[tuple[str, FieldSpec]]]:
        if platform not in self._fields:
            self._fields[platform] = self._compile_fields(platform)
        return self._fields[platform]

    def _compile_fields(self, platform: str) -> dict[str, list[tuple[str, FieldSpec]]]:
        fields: dict[str, list[tuple[str, FieldSpec]]] = {}
        for kind in self._kinds.values():
            plan = compile_plan(kind, self._books, platform or ANY_PLATFORM)
            self._vocabulary[kind.kind] = plan.vocabulary
            # An unregistered device may be of any make: its words count where those of registered ones are fixed.
            by_words = compile_plan(kind, self._books, ANY_PLATFORM).by_words
            for name, spec in (plan.specs | {WORDS_PREFIX + words: spec for words, spec in by_words.items()}).items():
                fields.setdefault(name, []).append((kind.kind, spec))
        return fields


def _is_definite(spec: FieldSpec) -> bool:
    """Whether the field means this also for an unregistered device."""
    return not spec.ignored and not (spec.rule is not None and spec.rule.vague)


def _true_bit_pattern(dangers: Iterable[str]) -> re.Pattern[bytes]:
    names = "|".join(sorted(map(re.escape, dangers))) or "(?!)"
    return re.compile(rf'"(?:{names})"\s*:\s*"?(?:true\b|1\b)'.encode(), re.IGNORECASE)
