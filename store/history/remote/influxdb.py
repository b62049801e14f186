"""InfluxDB 2 asked in Flux through influxdb-client. It knows nothing of writing.

Tried on annotated CSV written after InfluxData's description of it, never on a running InfluxDB server.
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
    """A `Reader` of an InfluxDB server. `client` is an InfluxDBClient, or whatever answers Flux as it does."""

    def __init__(self, client: Any, org: str, bucket: str) -> None:
        self._client, self._org, self._bucket = client, org, bucket

    def samples(self, start: Instant, end: Instant, device: str | None, quantity: str | None) -> Iterator[Sample]:
        """See Reader.samples."""
        when = f"range(start: time(v: {start * 1_000_000}), stop: time(v: {end * 1_000_000}))"
        return self._samples(when, _filters(device, quantity))

    def newest(self, device: str) -> Iterator[Sample]:
        """See Reader.newest."""
        return self._samples(f"range(start: -{_NEWEST_DAYS}d)", [*_filters(device, None), "last()"])

    def position(self) -> dict[Lane, int]:
        """See Reader.position."""
        wanted = [f"filter(fn: (r) => r._measurement == {_text(POSITION)})", "max()"]
        records = self._records(f"range(start: -{_POSITION_DAYS}d)", wanted)
        return {Lane(record["lane"]): int(record["_value"]) for record in records}

    def close(self) -> None:
        """See Reader.close. The client belongs to the writer."""

    def _samples(self, when: str, steps: Iterable[str]) -> Iterator[Sample]:
        for record in self._records(when, steps):
            at = round(record["_time"].timestamp() * 1000)
            quality = Quality(record.values.get("quality") or Quality.GOOD)
            yield Sample(record["device"], record["kind"], record["_field"], at, _value(record["_value"]), quality)

    def _records(self, when: str, steps: Iterable[str]) -> Iterator[Any]:
        query = " |> ".join([f"from(bucket: {_text(self._bucket)})", when, *steps])
        try:
            yield from self._client.query_api().query_stream(query, org=self._org)
        except (ApiException, InfluxDBError, HTTPError, OSError) as error:
            raise StoreError(f"InfluxDB did not answer: {error}") from error


def _filters(device: str | None, quantity: str | None) -> list[str]:
    wanted = [f"r._measurement == {_text(MEASUREMENT)}"]
    if device is not None:
        wanted.append(f"r.device == {_text(sanitise_tag(device))}")
    if quantity is not None:
        wanted.append(f"r._field == {_text(quantity)}")
    return [f"filter(fn: (r) => {' and '.join(wanted)})"]


def _text(value: str) -> str:
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("${", r"\${")
    return f'"{escaped}"'


def _value(found: Any) -> Value:
    value: Value = number(found) if isinstance(found, float) else found
    return value
