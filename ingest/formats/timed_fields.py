"""Fields of one message grouped by time, nested objects and events as flat fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

TimedField = tuple[object, str, object]
"""Time as the message gives it, field name, value."""
TimedFields = tuple[object, dict[str, object]]
"""Time as the message gives it, and the fields at that time."""


class _Group(Struct, gc=False):
    """Fields of one time, behind its `superseded` groups, of which the newest comes first.

    `number` is its index, for a superseded group that of the group behind it. No group refers to another in a circle.
    """

    at: object
    fields: dict[str, object]
    superseded: list[_Group]
    number: int
    is_superseded: bool = False


class _SameTime(Struct, gc=False):
    """The groups of one time: the newest, which further fields join, and by field the one whose value holds."""

    newest: _Group
    holders: dict[str, _Group]


def group_by_time(fields: Iterable[TimedField]) -> list[TimedFields]:
    """One set of fields a time. A field with two values at one time needs a second set, so that nothing is lost.

    The last value of a field at one time is the one that holds: the true one of two bools, else the later one.

    >>> group_by_time([(5, "alarm", True), (None, "test", True), (5, "lel_pct", 3), (5, "alarm", False)])
    [(5, {'alarm': False}), (5, {'alarm': True, 'lel_pct': 3}), (None, {'test': True})]
    """
    groups: list[_Group] = []
    times: dict[str, _SameTime] = {}
    for at, name, value in fields:
        time = times.get(repr(at))
        if time is None:
            groups.append(_Group(at, {name: value}, [], len(groups)))
            times[repr(at)] = _SameTime(groups[-1], {name: groups[-1]})
            continue
        held = time.holders.setdefault(name, time.newest).fields.get(name, value)
        if held == value:
            time.newest.fields.setdefault(name, value)
        elif time.newest.fields.get(name, held) != value:
            _add_other_value(groups, time, name, value)
    ordered = (part for group in groups for part in (*reversed(group.superseded), group))
    return [(group.at, group.fields) for group in ordered]


def _add_other_value(groups: list[_Group], time: _SameTime, name: str, value: object) -> None:
    """Add a second value of a field: before the value that holds if that is true and this is not, else at the end."""
    holder, newest = time.holders[name], time.newest
    if holder.fields[name] and not value:
        is_before_holder = newest.is_superseded and newest.number <= holder.number
        if name in newest.fields or not is_before_holder:
            time.newest = _Group(newest.at, {}, [], holder.number, is_superseded=True)
            groups[holder.number].superseded.append(time.newest)
    else:
        if name in newest.fields or newest.is_superseded:
            time.newest = _Group(newest.at, {}, [], len(groups))
            groups.append(time.newest)
        time.holders[name] = time.newest
    time.newest.fields[name] = value


def flatten(fields: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """The fields of an object; those of a nested object as `outer.inner`.

    >>> list(flatten({"gps": {"lat": 31.2}, "sos": True}))
    [('gps.lat', 31.2), ('sos', True)]
    """
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def event_fields(event: str, content: object) -> dict[str, object]:
    """An event as fields: those of its content, and the event's name as a true field unless the content has it.

    >>> event_fields("sos", {"key": 1}), event_fields("alarm", {"alarm": False})
    ({'key': 1, 'sos': True}, {'alarm': False})
    >>> event_fields("temp", 100), event_fields("fall", None)
    ({'temp': 100}, {'fall': True})
    """
    if not isinstance(content, dict):
        return {event: True if content is None else content}
    fields = dict(flatten(content))
    fields.setdefault(event, True)
    return fields
