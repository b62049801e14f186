"""Points of one bucket in memory, with the types of fields by shard and the retention of a real server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from domain import DAY, HOUR, Instant
from simulators.providers.influxdb.points import FieldValue, ParsedPoint, type_name

FIELD_TEXT_MAX: Final = 1_048_576
_NS: Final = 1_000_000


class StoredValue(Struct, frozen=True):
    """One value of one field of one series."""

    measurement: str
    tags: tuple[tuple[str, str], ...]
    field: str
    at_ns: int
    value: FieldValue


class Bucket:
    """The bucket of version 2, or the database of version 1. `retention_ms` 0: for ever."""

    def __init__(self, version: str, retention_ms: int = 0) -> None:
        self._version, self.retention_ms = version, retention_ms
        self._types: dict[tuple[int, str, str], str] = {}
        self._values: dict[tuple[str, tuple[tuple[str, str], ...], str, int], FieldValue] = {}

    def __len__(self) -> int:
        return len(self._values)

    def values(self) -> Iterator[StoredValue]:
        """All values, by series and time."""
        for (measurement, tags, field, at_ns), value in sorted(self._values.items(), key=lambda item: item[0]):
            yield StoredValue(measurement, tags, field, at_ns, value)

    def write(self, points: Sequence[ParsedPoint], now: Instant) -> str:
        """Write what can be written; what a `PartialWriteError` says about the rest, empty when all was written.

        An error of a shard hides that points were older than the retention.
        """
        oldest_ns = (now - self.retention_ms) * _NS if self.retention_ms else None
        kept, dropped = list[ParsedPoint](), list[ParsedPoint]()
        shards = {self._shard(point.at_ns) for point in points if oldest_ns is None or point.at_ns >= oldest_ns}
        for point in points:
            (kept if self._shard(point.at_ns) in shards else dropped).append(point)
        reasons = [reason for shard in sorted(shards) if (reason := self._write_shard(shard, kept))]
        if reasons:
            return reasons[0]
        return self._too_old(dropped, oldest_ns) if dropped and oldest_ns is not None else ""

    def _shard(self, at_ns: int) -> int:
        """The beginning of the shard of an instant; the lengths are InfluxDB's for each retention."""
        length_ms = HOUR if 0 < self.retention_ms < 2 * DAY else DAY if 0 < self.retention_ms <= 180 * DAY else 7 * DAY
        return at_ns - at_ns % (length_ms * _NS)

    def _write_shard(self, shard: int, points: Sequence[ParsedPoint]) -> str:
        reason, dropped = "", 0
        for point in points:
            if self._shard(point.at_ns) != shard:
                continue
            fault = self._fault(shard, point)
            if fault:
                reason, dropped = reason or fault, dropped + 1
                continue
            for name, value in point.fields.items():
                self._values[point.measurement, tuple(sorted(point.tags.items())), name, point.at_ns] = value
        return f"partial write: {reason} dropped={dropped}" if dropped else ""

    def _fault(self, shard: int, point: ParsedPoint) -> str:
        """Why a point is dropped. The types of the fields before the faulty one are fixed all the same."""
        for name, value in point.fields.items():
            size = len(value.encode()) if isinstance(value, str) else 0
            if self._version == "2.8" and size > FIELD_TEXT_MAX:
                return (
                    f'input field "{name}" on measurement "{point.measurement}" is too long, {size} > {FIELD_TEXT_MAX}'
                )
            known = self._types.setdefault((shard, point.measurement, name), type_name(value))
            if known != type_name(value):
                return (
                    f'field type conflict: input field "{name}" on measurement "{point.measurement}" '
                    f"is type {type_name(value)}, already exists as type {known}"
                )
        return ""

    def _too_old(self, dropped: Sequence[ParsedPoint], oldest_ns: int) -> str:
        if self._version == "1.8":
            return f"partial write: points beyond retention policy dropped={len(dropped)}"
        ordered = sorted(dropped, key=lambda point: point.at_ns)
        bounds = [
            f"point {point.key} at {rfc3339(point.at_ns)} dropped because it violates a Retention Policy Lower Bound "
            f"at {rfc3339(oldest_ns)}"
            for point in (ordered[0], ordered[-1])
        ]
        return (
            f"partial write: dropped {len(dropped)} points outside retention policy of duration "
            f"{self.retention_ms // HOUR}h0m0s - oldest {bounds[0]}, newest {bounds[1]} dropped={len(dropped)} "
            "for database: 9f2b6c1a00000001 for retention policy: autogen"
        )


def rfc3339(at_ns: int) -> str:
    """An instant as InfluxDB writes it: RFC 3339 with as many digits of a second as it has."""
    seconds, rest = divmod(at_ns, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{rest:09d}".rstrip("0").rstrip(".") + "Z"
