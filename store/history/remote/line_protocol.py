"""Readings as InfluxDB line protocol.

    fengshao,device=g1,kind=gas_alarm alarm=true,lel_pct=24,received_ms=1795262400050 1795262400000

Every number is written as a DOUBLE, also a whole one: a field that was once an integer rejects fractions for ever.
So 24 and 24.0 are one value, and whole numbers are exact up to 2**53. A boolean stays a boolean. A value that is not
GOOD is written in a line of its own with the tag `quality`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from domain import Instant, Lane, Quality, Reading, Value

MEASUREMENT: Final = "fengshao"
POSITION: Final = "fengshao_position"
RECEIVED: Final = "received_ms"

_NOT_IN_TAGS: Final = str.maketrans({"\\": "_", "\n": " ", "\r": " "})
_TAG_ESCAPES: Final = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ "})
_TEXT_ESCAPES: Final = str.maketrans({'"': r"\"", "\\": r"\\"})


def lines(readings: Iterable[Reading], *, text_as_tags: bool) -> Iterator[str]:
    """The lines of some readings. `text_as_tags`: a text is written as the tag `word` of the value 1."""
    for reading in readings:
        head = f"{MEASUREMENT},device={_tag(reading.device)},kind={_tag(reading.kind)}"
        for quality, values in _by_quality(reading).items():
            tags = head if quality is Quality.GOOD else f"{head},quality={quality.value}"
            fields = {k: v for k, v in values.items() if not (text_as_tags and isinstance(v, str))}
            yield _line(tags, fields, reading)
            for name, word in values.items():
                if name not in fields and word:
                    yield f"{tags},word={_tag(str(word))} {_tag(name)}=1 {reading.at}"


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


def _line(tags: str, values: Mapping[str, Value], reading: Reading) -> str:
    fields = [f"{_tag(name)}={_field(value)}" for name, value in values.items()]
    return f"{tags} {','.join([*fields, f'{RECEIVED}={reading.received}'])} {reading.at}"


def _tag(text: str) -> str:
    return sanitise_tag(text).translate(_TAG_ESCAPES)


def _field(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value.translate(_TEXT_ESCAPES)}"' if isinstance(value, str) else repr(value)
