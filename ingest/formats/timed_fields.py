"""Fields of one message grouped by time, nested objects and events as flat fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

TimedField = tuple[object, str, object]
"""Time as the message gives it, field name, value."""
TimedFields = tuple[object, dict[str, object]]
"""Time as the message gives it, and the fields at that time."""


def group_by_time(fields: Iterable[TimedField]) -> list[TimedFields]:
    """One set of fields a time. A field with two values at one time needs a second set, so that nothing is lost.

    Of two bools at one time the true one comes last, because the last value is the one that holds.

    >>> group_by_time([(5, "alarm", True), (None, "test", True), (5, "lel_pct", 3), (5, "alarm", False)])
    [(5, {'alarm': False}), (5, {'alarm': True, 'lel_pct': 3}), (None, {'test': True})]
    """
    groups: list[TimedFields] = []
    open_groups: dict[str, dict[str, object]] = {}
    for at, name, value in fields:
        group = open_groups.get(repr(at))
        if group is None or (name in group and group[name] != value):
            open_groups[repr(at)] = new_group = {name: value}
            groups.insert(_insert_index(groups, group, name, value), (at, new_group))
        else:
            group[name] = value
    return groups


def _insert_index(groups: list[TimedFields], existing: dict[str, object] | None, name: str, value: object) -> int:
    """The end, but before the existing group if that has a true value and the new one is false."""
    if existing is None or value or not existing[name]:
        return len(groups)
    return next(index for index, (_, group) in enumerate(groups) if group is existing)


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
