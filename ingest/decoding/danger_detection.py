"""A message that became no reading: could it have been a danger, and what does it look like? It knows no device.

The operations centre is told about the danger of a device that nobody registered.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from domain import Reason
from domain.kind import Kind
from ingest.frame import Frame
from ingest.mappings.conversion import NOT_MEASURED, ConversionFailure, convert
from ingest.mappings.field_names import name_variants, normalized
from ingest.mappings.mapping import ANY_PLATFORM, MappingBook
from ingest.mappings.plan import FieldSpec, compile_plan
from ingest.mappings.value_shapes import flatten, without_channel, words_in
from ingest.mappings.vocabulary import Meaning, Vocabulary

WORDS_PREFIX: Final = "\0"
"""Before words that hold in any spelling, so that they are no field's name."""

DISTRESS_WORDS: Final = frozenset({"sos", "emergency", "panic", "help"})
"""Of a button's words only these are a danger by themselves: an unknown device's `single` may be a light switch."""


class DangerDetector:
    """What fields mean in any kind, on each platform."""

    def __init__(self, kinds: Mapping[str, Kind], books: Sequence[MappingBook]) -> None:
        self._kinds, self._books = kinds, books
        self._vocabulary: dict[str, Vocabulary] = {}
        self._fields: dict[str, dict[str, list[tuple[str, FieldSpec]]]] = {}
        self._common_quantities = (
            set.intersection(*(set(kind.quantities) for kind in kinds.values())) if kinds else set()
        )
        shared = Counter(word for kind in kinds for word in kind.split("_"))
        self._kind_words = {kind: {word for word in kind.split("_") if shared[word] == 1} for kind in kinds}
        dangers = {name for kind in kinds.values() for name, each in kind.quantities.items() if each.danger}
        harmless = {name for kind in kinds.values() for name, each in kind.quantities.items() if not each.danger}
        self._ambiguous = dangers & harmless
        self._models = {normalized(name): each.kind for book in books for each in book.models for name in each.models}
        self._closed_kinds = {book.platform: book.kinds.keys() for book in books if book.closed}
        self._danger_bits: dict[str | None, re.Pattern[bytes]] = {None: _true_bit_pattern(dangers - harmless)}
        for name, kind in kinds.items():
            self._danger_bits[name] = _true_bit_pattern({name for name, each in kind.quantities.items() if each.danger})

    def in_unreadable(self, frame: Frame, reason: Reason, kind: str | None = None) -> bool:
        """Bytes we cannot read: on the alarm topic they count as an alarm, else by what looks like a true danger bit.

        `kind` is that of the registered device, if it is one.
        """
        broken = reason in (Reason.BAD_PAYLOAD, Reason.CODEC_FAILED, Reason.TOO_LARGE)
        urgent = frame.topic.startswith("fengshao/") and frame.topic.endswith("/alarm")
        written = self._danger_bits.get(kind, self._danger_bits[None])
        return (broken and urgent) or written.search(frame.payload) is not None

    def in_fields(self, platform: str, fields: Mapping[str, object], model: str | None = None) -> bool:
        """Whether a field is a true danger bit in any kind; a test is none.

        What is a danger of one kind and none of another (`opened`: of a cover, of a door) must come from that kind.
        """
        plain_fields = flatten(fields)
        said = [
            (kind, name, spec, value) for name, value in plain_fields for kind, spec in self._specs_for(platform, name)
        ]
        if any(spec.quantity == "test" and convert(spec, value) is True for _, _, spec, value in said):
            return False
        alarming = [(kind, name) for kind, name, spec, value in said if self._is_alarm(kind, spec, value)]
        plain = [kind for kind, name in alarming if normalized(name) in self._ambiguous]
        return len(alarming) > len(plain) or self._likely_kind(platform, model, fields) in plain

    def _likely_kind(self, platform: str, model: str | None, fields: Iterable[str]) -> str | None:
        return self._models.get(normalized(model or "")) or self.guess_kind(platform, fields)

    def guess_kind(self, platform: str, fields: Iterable[str]) -> str | None:
        """The one kind that knows most of these fields, if there is one. What every kind has speaks for none.

        Of several the one whose own word a field bears (`smoke`: smoke_alarm, not fire_panel); of two to which it is a
        danger the plainer one, of which these fields tell more (`moisture`: water_leak, not manhole).
        """
        own = [(name, kind, spec) for name in fields for kind, spec in self._specs_for(platform, name)]
        served = self._closed_kinds.get(platform, self._kinds.keys())
        own = [each for each in own if each[2].quantity not in self._common_quantities and each[1] in served]
        votes = Counter(kind for _, kind, _ in own)
        best = [kind for kind, count in votes.items() if count == max(votes.values())]
        words = {word for name, _, _ in own for word in name.lower().split("_")}
        best = [kind for kind in best if words & self._kind_words[kind]] or best
        if len(best) == 2 and {kind for _, kind, spec in own if spec.danger}.issuperset(best):
            best = [min(best, key=lambda kind: len(self._kinds[kind].quantities))]
        return best[0] if len(best) == 1 else None

    def _specs_for(self, platform: str, name: str) -> list[tuple[str, FieldSpec]]:
        """What a field says in each kind: by its name, in kinds that do not know it by its words."""
        known = self._fields_of(platform)
        named = known.get(name, [])
        exact = {kind for kind, _ in named}
        heard = next(
            (known[WORDS_PREFIX + words] for words in name_variants(name) if WORDS_PREFIX + words in known), []
        )
        base = without_channel(name)
        if not named and not heard and base != name:  # a channel of a verdict; of numbers no channel counts
            return [each for each in self._specs_for(platform, base) if each[1].value_type == "bool"]
        said = [*named, *(each for each in heard if each[0] not in exact)]
        return [(kind, each) for kind, spec in said for each in (spec, *spec.others) if _is_definite(each)]

    def _is_alarm(self, kind: str, spec: FieldSpec, value: object) -> bool:
        said: Sequence[object] = words_in(value) or [value]
        return any(self._is_alarm_value(kind, spec, each) for each in said)

    def _is_alarm_value(self, kind: str, spec: FieldSpec, value: object) -> bool:
        """A word that the mapping does not list means what the vocabulary says."""
        if not spec.danger:
            return False
        taken = convert(spec, value)
        listed = spec.rule is not None and type(spec.rule.otherwise) is not bool
        if (
            isinstance(value, str)
            and (isinstance(taken, ConversionFailure) or not listed)
            and taken is not NOT_MEASURED
        ):
            word = self._vocabulary[kind].meaning_of(value)
            taken = (taken is True) if word is None else word.meaning in (Meaning.DANGER, Meaning.YES)
        spoken = spec.rule is not None and spec.rule.words is not None and spec.quantity == "sos"
        return taken is True and (not spoken or str(value).strip().lower() in DISTRESS_WORDS)

    def _fields_of(self, platform: str) -> dict[str, list[tuple[str, FieldSpec]]]:
        if platform not in self._fields:
            self._fields[platform] = self._compile_fields(platform)
        return self._fields[platform]

    def _compile_fields(self, platform: str) -> dict[str, list[tuple[str, FieldSpec]]]:
        known: dict[str, list[tuple[str, FieldSpec]]] = {}
        for kind in self._kinds.values():
            plan = compile_plan(kind, self._books, platform or ANY_PLATFORM)
            self._vocabulary[kind.kind] = plan.vocabulary
            # A stranger may be of any make: its words are understood where those of our own devices are fixed.
            spoken = {
                WORDS_PREFIX + words: spec
                for words, spec in compile_plan(kind, self._books, ANY_PLATFORM).by_words.items()
            }
            for name, spec in (plan.specs | spoken).items():
                known.setdefault(name, []).append((kind.kind, spec))
        return known


def _is_definite(spec: FieldSpec) -> bool:
    return not spec.ignored and not (spec.rule is not None and spec.rule.vague)


def _true_bit_pattern(dangers: Iterable[str]) -> re.Pattern[bytes]:
    names = "|".join(sorted(map(re.escape, dangers))) or "(?!)"
    return re.compile(rf'"(?:{names})"\s*:\s*"?(?:true\b|1\b)'.encode(), re.IGNORECASE)
