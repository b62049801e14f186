"""Reads from InfluxDB 2, or 1.8 with `flux-enabled`, in Flux through influxdb-client.

Tested against a simulated server (simulators/providers/influxdb) that is written from the sources of InfluxDB.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final

from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from domain import Instant, Lane, Quality, Value
from store.errors import CannotRead
from store.history.remote.answers import Account, account_fault, server_sentence, shortened
from store.history.remote.fields import TEXT, decode_text, field_names, quantity_of
from store.history.remote.line_protocol import MEASUREMENT, POSITION, sanitise_tag
from store.history.remote.samples import Sample, number

_EVER: Final = "range(start: time(v: 0), stop: time(v: 9223372036854775806))"
"""All instants that InfluxDB stores from 1970 on."""
_ACCOUNT_FAULTS: Final = frozenset({401, 403, 404})

# The answers are read as CSV, whose reader refuses cells of more than 128 KiB: texts of earlier versions may be longer.
csv.field_size_limit(sys.maxsize)


class InfluxDbReader:
    """A `SampleReader` of an InfluxDB server. `client` is an InfluxDBClient or answers Flux queries like one."""

    def __init__(self, client: Any, account: Account) -> None:
        self._client, self._account = client, account

    def samples(self, start: Instant, end: Instant, device: str | None, quantity: str | None) -> Iterator[Sample]:
        """See SampleReader.samples."""
        time_range = f"range(start: time(v: {start * 1_000_000}), stop: time(v: {end * 1_000_000}))"
        return self._samples(time_range, _filters(device, quantity))

    def has_samples(self, start: Instant, end: Instant) -> bool:
        """See SampleReader.has_samples. The answer is read up to its first value."""
        return any(True for _ in self.samples(start, end, None, None))

    def newest(self, device: str) -> Iterator[Sample]:
        """See SampleReader.newest."""
        return self._samples(_EVER, [*_filters(device, None), "last()"])

    def position(self) -> dict[Lane, int]:
        """See SampleReader.position."""
        steps = [f"filter(fn: (r) => r._measurement == {_text(POSITION)})", "max()"]
        records = self._records(_EVER, steps)
        return {Lane(record["lane"]): int(record["_value"]) for record in records}

    def close(self) -> None:
        """See SampleReader.close."""
        self._client.close()

    def _samples(self, time_range: str, steps: Iterable[str]) -> Iterator[Sample]:
        for record in self._records(time_range, steps):
            at = round(record["_time"].timestamp() * 1000)
            quality = Quality(record.values.get("quality") or Quality.GOOD)
            field = record["_field"]
            value = _value(field, record["_value"])
            yield Sample(record["device"], record["kind"], quantity_of(field), at, value, quality)

    def _records(self, time_range: str, steps: Iterable[str]) -> Iterator[Any]:
        query = " |> ".join([f"from(bucket: {_text(self._account.bucket)})", time_range, *steps])
        try:
            yield from self._client.query_api().query_stream(query, org=self._account.org)
        except (ApiException, InfluxDBError) as error:
            raise CannotRead(_sentence(error, self._account)) from error
        except (HTTPError, OSError) as error:
            raise CannotRead(f"InfluxDB did not answer: {shortened(str(error))}") from error


def _sentence(error: Any, account: Account) -> str:
    """What the server message in one sentence, without headers. A wrong organisation of a query is a 400."""
    status, body = error.status or 0, error.body or b""
    message = server_sentence(body.encode() if isinstance(body, str) else body)
    if status in _ACCOUNT_FAULTS or "organization name" in message:
        return account_fault(status, message, account)
    return f"InfluxDB did not answer: HTTP {status}: {shortened(message)}"


def _filters(device: str | None, quantity: str | None) -> list[str]:
    conditions = [f"r._measurement == {_text(MEASUREMENT)}"]
    if device is not None:
        conditions.append(f"r.device == {_text(sanitise_tag(device))}")
    if quantity is not None:
        conditions.append(f"({' or '.join(f'r._field == {_text(name)}' for name in field_names(quantity))})")
    return [f"filter(fn: (r) => {' and '.join(conditions)})"]


def _text(value: str) -> str:
    escaped = value.replace("\\", r"\\").replace('"', r"\"").replace("${", r"\${")
    return f'"{escaped}"'


def _value(field: str, value: Any) -> Value:
    if value is None:
        return ""
    if field.endswith(TEXT):
        return decode_text(value)
    found: Value = number(value) if isinstance(value, float) else value
    return found
