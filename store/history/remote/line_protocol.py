"""Readings as InfluxDB line protocol, and lines taken apart again. Pure.

    fengshao,device=g1,kind=gas_alarm alarm:bool=true,lel_pct=24,received_ms=1795262400050 1795262400000

Every number is written as a DOUBLE, also a whole one: a field that was once an integer rejects fractions for ever.
So 24 and 24.0 are one value, and whole numbers are exact up to 2**53. A value that is not GOOD is written in a line of
its own with the tag `quality`. Names of fields: fields.py.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from domain import Instant, Lane, Quality, Reading, Value
from store.history.remote.fields import column_name, encode_text, field_name

MEASUREMENT: Final = "fengshao"
POSITION: Final = "fengshao_position"
RECEIVED: Final = "received_ms"

_NOT_IN_TAGS: Final = str.maketrans({"\\": "_", "\n": " ", "\r": " "})
_TAG_ESCAPES: Final = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})
_TEXT_ESCAPES: Final = str.maketrans({'"': r"\"", "\\": r"\\"})
_KEY: Final = r"(?:\\.|[^\\,= ]++)++"
_TAG: Final = re.compile(rf",({_KEY})=({_KEY})")
_FIELD: Final = re.compile(rf'[ ,]({_KEY})=("(?:\\.|[^\\"]++)*+"|[^", ]+)')
_UNESCAPE: Final = re.compile(r"\\([,= ])")


class Line(Struct, frozen=True):
    """One line: `head` is measurement and tags as written, `fields` are names and values as written."""

    head: str
    fields: tuple[tuple[str, str], ...]
    at: Instant

    @property
    def tags(self) -> dict[str, str]:
        """The tags without escapes."""
        return {_unescape(name): _unescape(value) for name, value in _TAG.findall(self.head)}

    @property
    def measured(self) -> tuple[tuple[str, str], ...]:
        """The fields without RECEIVED."""
        return tuple(field for field in self.fields if field[0] != RECEIVED)

    def with_fields(self, fields: Iterable[tuple[str, str]]) -> Line:
        """The same series and time with these fields, and RECEIVED if the line has it."""
        received = [field for field in self.fields if field[0] == RECEIVED]
        return Line(self.head, (*fields, *received), self.at)

    def __str__(self) -> str:
        return f"{self.head} {','.join(f'{name}={value}' for name, value in self.fields)} {self.at}"


def table_lines(readings: Iterable[Reading]) -> Iterator[str]:
    """The lines of some readings for InfluxDB 3: every line has the tag `quality`, so that its first line creates the
    table with all tags, and a name is that of a tag or of a field."""
    for reading in readings:
        head = f"{MEASUREMENT},device={_tag(reading.device)},kind={_tag(reading.kind)}"
        for quality, values in _by_quality(reading).items():
            yield _line(f"{head},quality={quality.value}", values, reading, column_name)


def lines(readings: Iterable[Reading], *, text_as_tags: bool) -> Iterator[str]:
    """The lines of some readings. `text_as_tags`: a text is written as the tag `word` of the value 1."""
    for reading in readings:
        head = f"{MEASUREMENT},device={_tag(reading.device)},kind={_tag(reading.kind)}"
        for quality, values in _by_quality(reading).items():
            tags = head if quality is Quality.GOOD else f"{head},quality={quality.value}"
            fields = {k: v for k, v in values.items() if not (text_as_tags and isinstance(v, str))}
            yield _line(tags, fields, reading)
            for name, word in values.items():
                if name not in fields:
                    yield f"{tags},word={_tag(encode_text(str(word)))} {_tag(field_name(name, word))}=1 {reading.at}"


def parse_line(text: str) -> Line:
    r"""A line as `lines` writes it.

    >>> parse_line('m,device=g\\ 1 a=24,key:text="x, y" 5').fields
    (('a', '24'), ('key:text', '"x, y"'))
    """
    tags_end = _end_of_tags(text)
    fields_text, _, at = text[tags_end:].rpartition(" ")
    return Line(text[:tags_end], tuple(_FIELD.findall(fields_text)), int(at))


def type_of(value: str) -> str:
    """The type of a written value, as InfluxDB calls it: float, boolean or string.

    >>> type_of("24"), type_of("true"), type_of('"x"')
    ('float', 'boolean', 'string')
    """
    return "string" if value.startswith('"') else "boolean" if value in {"true", "false"} else "float"


def sanitise_tag(text: str) -> str:
    """A text as a tag value: the protocol has no reliable escape for a backslash or a line break.

    >>> sanitise_tag("a\\\\b\\nc")
    'a_b c'
    """
    return text.translate(_NOT_IN_TAGS)


def position_line(lane: Lane, pos: int, at: Instant) -> str:
    """The line that stores the journal position of a lane.

    >>> position_line(Lane.BULK, 7, 1000)
    'fengshao_position,lane=bulk pos=7 1000'
    """
    return f"{POSITION},lane={lane.value} pos={pos} {at}"


def _by_quality(reading: Reading) -> dict[Quality, dict[str, Value]]:
    if not reading.doubts:
        return {Quality.GOOD: reading.values}
    groups: dict[Quality, dict[str, Value]] = {}
    for name, value in reading.values.items():
        groups.setdefault(reading.doubts.get(name, Quality.GOOD), {})[name] = value
    return groups


def _line(
    tags: str,
    values: Mapping[str, Value],
    reading: Reading,
    name_of: Callable[[str, Value], str] = field_name,
) -> str:
    fields = [f"{_tag(name_of(name, value))}={_field(value)}" for name, value in values.items()]
    return f"{tags} {','.join([*fields, f'{RECEIVED}={reading.received}'])} {reading.at}"


def _end_of_tags(text: str) -> int:
    """Where the first space stands that is not escaped."""
    at = text.index(" ")
    while text[at - 1] == "\\":
        at = text.index(" ", at + 1)
    return at


def _tag(text: str) -> str:
    return sanitise_tag(text).translate(_TAG_ESCAPES)


def _unescape(text: str) -> str:
    return _UNESCAPE.sub(r"\1", text)


def _field(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{encode_text(value).translate(_TEXT_ESCAPES)}"' if isinstance(value, str) else repr(value)
