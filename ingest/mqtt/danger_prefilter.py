"""Finds messages with a danger bit set, before they are journaled, so that they can overtake the others.

It runs for every message and must be cheap. On platforms whose payload is JSON with plain field names, one regular
expression searches the whole batch for a danger field that is not false; only a hit is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final

from domain.by_identity import ByIdentity
from domain.kind import Kind
from ingest.frame import Frame
from ingest.mappings.mapping import FieldRule, MappingBook
from ingest.mappings.plan import compile_plan

PLAIN_JSON_TOPICS: Final = ("fengshao/v1/", "zigbee2mqtt/")
"""Topic prefixes of platforms whose field names appear in the payload as they are. All other messages are decoded."""
LARGE_PAYLOAD_BYTES: Final = 65_536
"""A larger message is a batch, not a call for help. It goes to the bulk lane, where it is processed in slices; in the
urgent lane every alarm behind it would wait for all of it."""
_PLAIN_JSON_PLATFORMS: Final = ("native", "zigbee2mqtt")

HasDanger = Callable[[Frame], bool]


def is_large(frame: Frame) -> bool:
    """Whether the message is too large for the urgent lane, whatever it contains."""
    return len(frame.payload) > LARGE_PAYLOAD_BYTES


class DangerPrefilter:
    """Finds dangers in batches. `has_danger` decodes one frame and gives the exact answer (decoder.has_danger)."""

    def __init__(self, kinds: Mapping[str, Kind], books: Sequence[MappingBook], has_danger: HasDanger) -> None:
        self._has_danger = has_danger
        self._search = _pattern(tuple(map(ByIdentity, kinds.values())), tuple(map(ByIdentity, books))).search

    def replace_pattern(self, other: DangerPrefilter) -> None:
        """Use the pattern of `other`, which was built from new kinds or mappings."""
        self._search = other._search

    def __call__(self, frames: Sequence[Frame]) -> list[Frame]:
        """The frames with a danger, in order. Large messages are never among them."""
        plain = [
            frame.payload
            for frame in frames
            if len(frame.payload) <= LARGE_PAYLOAD_BYTES and frame.topic.startswith(PLAIN_JSON_TOPICS)
        ]
        if len(plain) == len(frames) and self._search(b"\n".join(plain)) is None:
            return []
        frames = [frame for frame in frames if not is_large(frame)]
        return [frame for frame in frames if self._may_have_danger(frame) and self._has_danger(frame)]

    def _may_have_danger(self, frame: Frame) -> bool:
        return not frame.topic.startswith(PLAIN_JSON_TOPICS) or self._search(frame.payload) is not None


@lru_cache(maxsize=8)
def _pattern(kinds: tuple[ByIdentity[Kind], ...], books: tuple[ByIdentity[MappingBook], ...]) -> re.Pattern[bytes]:
    """Matches a danger field with any value but false; a field whose values a mapping translates, with any value."""
    plain, translated = _danger_fields([kind.value for kind in kinds], [book.value for book in books])
    not_false = r'"\s*+:\s*+(?!false|null|0\s*+[,}]|"(?:0|false|off|no)?")'
    return re.compile(
        rf'"(?:(?:{_alternatives(plain - translated)}){not_false}|(?:{_alternatives(translated)})")'.encode()
    )


def _danger_fields(kinds: Iterable[Kind], books: Sequence[MappingBook]) -> tuple[set[str], set[str]]:
    """Names of danger fields: those read as they are, and those whose values a mapping translates."""
    plain: set[str] = set()
    translated: set[str] = set()
    for kind in kinds:
        models = {name for book in books for entry in book.models if entry.kind == kind.kind for name in entry.models}
        for platform in _PLAIN_JSON_PLATFORMS:
            for model in (None, *models):
                for name, first_spec in compile_plan(kind, books, platform, model, with_words=False).specs.items():
                    for spec in (first_spec, *first_spec.others):
                        if spec.danger:
                            (translated if _is_translated(spec.rule) else plain).add(name)
    return plain, translated


def _is_translated(rule: FieldRule | None) -> bool:
    return rule is not None and (rule.words is not None or rule.invert or rule.bit is not None)


def _alternatives(names: Iterable[str]) -> str:
    """Any of these names, grouped by their first letter: most fields of a message fail there.

    >>> _alternatives(["leak", "alarm", "alert"])
    'a(?:larm|lert)|l(?:eak)'
    """
    groups = groupby(sorted(names), key=lambda name: name[:1])
    rests = ((first, "|".join(re.escape(name[1:]) for name in group)) for first, group in groups)
    return "|".join(f"{re.escape(first)}(?:{rest})" for first, rest in rests) or "(?!)"
