"""Which messages must not wait behind the others: those that bear a true danger bit, whatever session brought them.

Looked at before the journal, for every message, so it is cheap: on platforms whose field names stand in the payload a
whole batch is searched at once for a danger field that is not false, and only a hit is decoded. It knows no MQTT.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from domain.kind import Kind
from ingest.frame import Frame
from ingest.mappings.mapping import FieldRule, MappingBook, compile_plan

PLAIN_JSON_TOPICS: Final = ("fengshao/v1/", "zigbee2mqtt/")
"""Topics of platforms whose field names stand in the payload as they are; what others send is decoded to be seen."""
LARGE_PAYLOAD_BYTES: Final = 65_536
"""A larger message is a batch and no call for help: it takes its turn in the ordinary lane, where it is worked off in
steps. In the urgent lane every call behind it would wait for all of it."""
_PLAIN_JSON_PLATFORMS: Final = ("native", "zigbee2mqtt")

HasDanger = Callable[[Frame], bool]


def is_large(frame: Frame) -> bool:
    """Whether it is too much for the urgent lane, whatever it says."""
    return len(frame.payload) > LARGE_PAYLOAD_BYTES


class DangerPrefilter:
    """Finds dangers in batches. `bears_danger` decodes one frame and answers exactly (Listener.bears_danger)."""

    def __init__(self, kinds: Mapping[str, Kind], books: Sequence[MappingBook], bears_danger: HasDanger) -> None:
        self._has_danger = bears_danger
        self._search = _pattern(kinds, books).search

    def replace_pattern(self, other: DangerPrefilter) -> None:
        """Search for what another one searches for: kinds or mappings have changed."""
        self._search = other._search

    def __call__(self, frames: Sequence[Frame]) -> list[Frame]:
        """The dangers among these frames, in their order."""
        frames = [frame for frame in frames if not is_large(frame)]
        plain = [frame.payload for frame in frames if frame.topic.startswith(PLAIN_JSON_TOPICS)]
        if len(plain) == len(frames) and self._search(b"\n".join(plain)) is None:
            return []
        return [frame for frame in frames if self._may_have_danger(frame) and self._has_danger(frame)]

    def _may_have_danger(self, frame: Frame) -> bool:
        return not frame.topic.startswith(PLAIN_JSON_TOPICS) or self._search(frame.payload) is not None


def _pattern(kinds: Mapping[str, Kind], books: Sequence[MappingBook]) -> re.Pattern[bytes]:
    """A danger field that says anything but false; of a field whose words a mapping translates, anything at all."""
    plain, translated = _danger_fields(kinds, books)
    said = r'"\s*+:\s*+(?!false|null|0\s*+[,}]|"(?:0|false|off|no)?")'
    return re.compile(rf'"(?:(?:{_alternatives(plain - translated)}){said}|(?:{_alternatives(translated)})")'.encode())


def _danger_fields(kinds: Mapping[str, Kind], books: Sequence[MappingBook]) -> tuple[set[str], set[str]]:
    plain: set[str] = set()
    translated: set[str] = set()
    for kind in kinds.values():
        models = {name for book in books for each in book.models if each.kind == kind.kind for name in each.models}
        for platform in _PLAIN_JSON_PLATFORMS:
            for model in (None, *models):
                for name, spec in compile_plan(kind, books, platform, model, with_words=False).specs.items():
                    for each in (spec, *spec.also):
                        if each.danger:
                            (translated if _is_translated(each.rule) else plain).add(name)
    return plain, translated


def _is_translated(rule: FieldRule | None) -> bool:
    return rule is not None and (rule.words is not None or rule.invert or rule.bit is not None)


def _alternatives(names: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, names))) or "(?!)"
