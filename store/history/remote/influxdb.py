"""Reads from InfluxDB 2 in Flux through influxdb-client.

Tested with annotated CSV written after InfluxData's description of the format, never with a running InfluxDB server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from domain import Instant, Lane, Quality, Value
from store.errors import StoreError
from store.history.remote.line_protocol import MEASUREMENT, POSITION, sanitise_tag
from store.history.remote.samples import Sample, number

_NEWEST_DAYS: Final = 30
_POSITION_DAYS: Final = 400


class InfluxDbReader:
    """A `SampleReader` of an InfluxDB server. `client` is an InfluxDBClient or answers Flux queries like one."""

    def __init__(self, client: Any, org: str, bucket: str) -> None:
        self._client, self._org, self._bucket = client, org, bucket

    def samples(self, start: Instant, end: Instant, device: str | None, quantity: str | None) -> Iterator[Sample]:
        """See SampleReader.samples."""
        time_range = f"range(start: time(v: {start * 1_000_000}), stop: time(v: {end * 1_000_000}))"
        return self._samples(time_range, _filters(device, quantity))

    def newest(self, device: str) -> Iterator[Sample]:
        """See SampleReader.newest."""
        return self._samples(f"range(start: -{_NEWEST_DAYS}d)", [*_filters(device, None), "last()"])

    def position(self) -> dict[Lane, int]:
        """See SampleReader.position."""
        steps = [f"filter(fn: (r) => r._measurement == {_text(POSITION)})", "max()"]
        records = self._records(f"range(start: -{_POSITION_DAYS}d)", steps)
        return {Lane(record["lane"]): int(record["_value"]) for record in records}

    def close(self) -> None:
        """See SampleReader.close. The client belongs to the writer."""

    def _samples(self, time_range: str, steps: Iterable[str]) -> Iterator[Sample]:
        for record in self._records(time_range, steps):
            at = round(record["_time"].timestamp() * 1000)
            quality = Quality(record.values.get("quality") or Quality.GOOD)
            yield Sample(record["device"], record["kind"], record["_field"], at, _value(record["_value"]), quality)

    def _records(self, time_range: str, steps: Iterable[str]) -> Iterator[Any]:
        query = " |> ".join([f"from(bucket: {_text(self._bucket)})", time_range, *steps])
        try:
            yield from self._client.query_api().query_stream(query, org=self._org)
        except (ApiException, InfluxDBError, HTTPError, OSError) as error:
            raise StoreError(f"InfluxDB did not answer: {error}") from error


def _filters(device: str | None, quantity: str | None) -> list[str]:
    conditions = [f"r._measurement == {_text(MEASUREMENT)}"]
    if device is not None:
        conditions.append(f"r.device == {_text(sanitise_tag(device))}")
    if quantity is not None:
        conditions.append(f"r._field == {_text(quantity)}")
    return [f"filter(fn: (r) => {' and '.join(conditions)})"]


def _text(value: str) -> str:
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("${", r"\${")
    return f'"{escaped}"'


def _value(field: Any) -> Value:
    value: Value = number(field) if isinstance(field, float) else field
    return value
