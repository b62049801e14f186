"""Finds the values that a server refuses in a batch of lines. Pure.

A server that refuses a point says why, and for how many, but seldom which. `split` names those that follow from its
sentence and returns the rest in groups to be written again; without a hint the lines are halved, and the fields of a
single line too, until a group is accepted or a single value is refused. Writing a line again changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from store.history.remote.answers import RefusedLine, shortened
from store.history.remote.fields import quantity_of
from store.history.remote.line_protocol import MEASUREMENT, RECEIVED, Line, parse_line, type_of
from store.refused_values import HistoryRefusalReason, RefusedValue

VALUE_MAX: Final = 200
_NAMED: Final = re.compile(
    r'input field "(?P<field>(?:\\.|[^"\\])*)" on measurement "[^"]*" is (?:type (?P<type>\w+)|too long)'
    r".*dropped=(?P<dropped>\d+)"
)
_NOT_PARSED: Final = re.compile(r"unable to parse '(.*?)': ([^\n]*)")
_COLUMN: Final = re.compile(r"invalid column type for column '(?P<column>[^']*)'")
_TOO_OLD: Final = re.compile(r"(?:beyond|outside) retention policy.*dropped=(?P<dropped>\d+)", re.DOTALL)


class Split(Struct, frozen=True):
    """What follows from a refusal: values refused for good, and groups of lines to be written again."""

    refused: tuple[RefusedValue, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()


def split(lines: Sequence[str], sentence: str) -> Split:
    """The values that are refused by this sentence, and the groups that are not decided yet.

    `lines` are those of one write. Every group is smaller than `lines`, by lines or by fields.
    """
    # First: such a sentence repeats whole lines, with texts of devices in them.
    if unparsed := _unparsed(lines, sentence):
        return _without_unparsed(lines, unparsed)
    if (match := _TOO_OLD.search(sentence)) and int(match["dropped"]):
        return _without_oldest(lines, int(match["dropped"]), sentence)
    match = _NAMED.search(sentence)
    return (_without_field(lines, match, sentence) if match else None) or _halved(lines, sentence)


def split_numbered(lines: Sequence[str], refused: Sequence[RefusedLine]) -> Split:
    """The values that are refused in the lines that the server names, and what else is in these lines, in one group.

    InfluxDB 3 has written all other lines. A sentence names the first column that it does not take; without a name the
    fields of the line are halved.
    """
    values, again = list[RefusedValue](), list[str]()
    for fault in refused:
        if not 1 <= fault.line_number <= len(lines):
            return _halved(lines, fault.error_message)
        found = _without_column(lines[fault.line_number - 1], fault.error_message)
        values += found.refused
        again += [line for group in found.groups for line in group]
    return Split(tuple(values), _groups(again))


def halves(lines: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """These lines in two groups, or the fields of a single line; none when it is one value."""
    return _halved(lines, "").groups


def refuse_all(lines: Sequence[str], sentence: str) -> tuple[RefusedValue, ...]:
    """Every value of these lines as refused."""
    return tuple(value for line in lines for value in _refuse(line, sentence))


def reason_of(sentence: str) -> HistoryRefusalReason:
    """The reason that a sentence of a server gives."""
    for reason, words in _REASONS.items():
        if any(word in sentence for word in words):
            return reason
    return HistoryRefusalReason.OTHER


_REASONS: Final = {
    HistoryRefusalReason.TYPE_CONFLICT: ("field type conflict", "invalid column type"),
    HistoryRefusalReason.BEYOND_RETENTION: ("beyond retention policy", "outside retention policy"),
    HistoryRefusalReason.TOO_LARGE: (
        "too long",
        "too large",
        "Too Large",
        "max key length exceeded",
        "max request size",
        "String is greater than",
    ),
    HistoryRefusalReason.NOT_PARSED: (
        "nable to parse",
        "invalid",
        "not parse",
        "malformed",
        "No fields",
        "Expected",
        "out of range",
        "duplicate tags",
    ),
}


def _unparsed(lines: Sequence[str], sentence: str) -> dict[str, str]:
    """The lines that a sentence repeats, with why they cannot be parsed."""
    known = set(lines)
    return {line: why for line, why in _NOT_PARSED.findall(sentence) if line in known}


def _without_unparsed(lines: Sequence[str], unparsed: Mapping[str, str]) -> Split:
    """The named lines by themselves, each with what was said about it; the rest is written again."""
    splits = [_halved([line], f"unable to parse: {why}") for line, why in unparsed.items()]
    groups = [group for found in splits for group in found.groups]
    rest = _groups([line for line in lines if line not in unparsed])
    return Split(tuple(value for found in splits for value in found.refused), (*groups, *rest))


def _without_oldest(lines: Sequence[str], dropped: int, sentence: str) -> Split:
    """A server drops points before an instant, so they are the oldest. The rest is written, unless the sentence hides
    another one: InfluxDB 1.8 says nothing of lines that it cannot parse then."""
    ordered = sorted(lines, key=lambda line: int(line.rpartition(" ")[2]))
    refused = tuple(value for line in ordered[:dropped] for value in _refuse(line, sentence))
    return Split(refused, _groups(ordered[dropped:]))


def _without_field(lines: Sequence[str], match: re.Match[str], sentence: str) -> Split | None:
    """The values of the named field apart from the rest; None when that divides nothing.

    The type of a field is fixed for a period of the server's storage (a shard): these values may be refused in one
    period and taken in another, so they are written again by themselves. Then the number that the server dropped tells.
    """
    name, kind = match["field"], match["type"] or "string"
    named, rest = list[Line](), list[str]()
    for text in lines:
        line = parse_line(text)
        of_name = tuple(field for field in line.fields if field[0] == name and type_of(field[1]) == kind)
        others = tuple(field for field in line.fields if field not in of_name)
        if of_name:
            named.append(Line(line.head, of_name, line.at))
        if not of_name or any(field[0] != RECEIVED for field in others):
            rest.append(str(Line(line.head, others, line.at)))
    alone = [str(line) for line in named]
    if alone != list(lines):
        return Split((), _groups(alone) + _groups(rest)) if named else None
    if int(match["dropped"]) < len(named):
        return None
    return Split(tuple(_value(line, line.fields[0], sentence) for line in named))


def _without_column(text: str, sentence: str) -> Split:
    """A line without the column that a sentence names."""
    line, match = parse_line(text), _COLUMN.search(sentence)
    named = tuple(field for field in line.fields if match and field[0] == match["column"])
    if not named or not line.head.startswith(f"{MEASUREMENT},"):
        return _halved([text], sentence)
    others = tuple(field for field in line.fields if field not in named)
    rest = (str(Line(line.head, others, line.at)),) if any(field[0] != RECEIVED for field in others) else ()
    return Split(tuple(_value(line, field, sentence) for field in named), _groups(rest))


def _halved(lines: Sequence[str], sentence: str) -> Split:
    if len(lines) > 1:
        middle = len(lines) // 2
        return Split((), (tuple(lines[:middle]), tuple(lines[middle:])))
    line = parse_line(lines[0])
    fields = line.measured
    if len(fields) < 2:
        return Split(tuple(_refuse(lines[0], sentence)))
    middle = len(fields) // 2
    halves = (line.with_fields(fields[:middle]), line.with_fields(fields[middle:]))
    return Split((), tuple((str(half),) for half in halves))


def _groups(lines: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return (tuple(lines),) if lines else ()


def _refuse(text: str, sentence: str) -> list[RefusedValue]:
    """Every value of a line. A line of ours that holds no value of a device, as a position, is none."""
    line = parse_line(text)
    if not line.head.startswith(f"{MEASUREMENT},"):
        return []
    return [_value(line, field, sentence) for field in line.measured or line.fields]


def _value(line: Line, field: tuple[str, str], sentence: str) -> RefusedValue:
    name, value = field
    device = line.tags.get("device", "")
    return RefusedValue(device, quantity_of(name), line.at, value[:VALUE_MAX], reason_of(sentence), shortened(sentence))
