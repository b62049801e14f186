"""The fields of one message, gathered by the time that each bears. It knows no platform, no topic and no device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

TimedField = tuple[object, str, object]
"""When, which field, what."""


def group_by_time(said: Iterable[TimedField]) -> list[tuple[object, dict[str, object]]]:
    """One set of fields for each time. A field that says two things at one time needs a second set: nothing is lost.

    Of two verdicts at one time the true one comes last, so that it is the one that stands.

    >>> group_by_time([(5, "alarm", True), (None, "test", True), (5, "lel_pct", 3), (5, "alarm", False)])
    [(5, {'alarm': False}), (5, {'alarm': True, 'lel_pct': 3}), (None, {'test': True})]
    """
    moments: list[tuple[object, dict[str, object]]] = []
    open_at: dict[str, dict[str, object]] = {}
    for at, name, value in said:
        fields = open_at.get(repr(at))
        if fields is None or (name in fields and fields[name] != value):
            open_at[repr(at)] = fresh = {name: value}
            moments.insert(_group_index(moments, fields, name, value), (at, fresh))
        else:
            fields[name] = value
    return moments


def _group_index(
    moments: list[tuple[object, dict[str, object]]], other: dict[str, object] | None, name: str, value: object
) -> int:
    """Behind all others, but before the set that it contradicts if that says yes and this no."""
    if other is None or value or not other[name]:
        return len(moments)
    return next(place for place, (_, fields) in enumerate(moments) if fields is other)


def flatten(fields: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """The fields of an object, those of an object inside it as `outer.inner`.

    >>> list(flatten({"gps": {"lat": 31.2}, "sos": True}))
    [('gps.lat', 31.2), ('sos', True)]
    """
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{before}{name}.")
        else:
            yield before + name, value


def event_fields(event: str, content: object) -> dict[str, object]:
    """An event as fields: what its content says and, unless the content bears its name, that it happened.

    >>> event_fields("sos", {"key": 1}), event_fields("alarm", {"alarm": False})
    ({'key': 1, 'sos': True}, {'alarm': False})
    >>> event_fields("temp", 100), event_fields("fall", None)
    ({'temp': 100}, {'fall': True})
    """
    if not isinstance(content, dict):
        return {event: True if content is None else content}
    said = dict(flatten(content))
    said.setdefault(event, True)
    return said
