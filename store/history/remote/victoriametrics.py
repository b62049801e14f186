"""Reads from VictoriaMetrics: `/api/v1/export` for a period, `/api/v1/query` for the newest values.

It stores numbers only: a boolean is recognised by its name in `boolean_quantities`, text by the tag `word`. Written
values can be read about a second later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

import httpx2
import msgspec

from domain import Instant, Lane, Quality, Value
from store.errors import StoreError
from store.history.remote.line_protocol import MEASUREMENT, POSITION, sanitise_tag
from store.history.remote.samples import Sample, number

_PREFIX: Final = f"{MEASUREMENT}_"
# A window reaches an hour into the future: the clocks of server, service and device may differ.
_NEWEST_WINDOW: Final = "[30d] offset -1h"
"""A quantity without a value for longer than this has no newest value."""
_POSITION_WINDOW: Final = "[400d] offset -1h"


class VictoriaMetricsReader:
    """A `SampleReader` of a VictoriaMetrics server."""

    def __init__(
        self, url: str, *, token: str = "", boolean_quantities: Collection[str] = (), timeout_s: float = 10.0
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout_s)
        self._boolean_quantities = frozenset(boolean_quantities)

    def samples(self, start: Instant, end: Instant, device: str | None, quantity: str | None) -> Iterator[Sample]:
        """See SampleReader.samples."""
        parameters = {"match[]": _selector(device, quantity), "start": _seconds(start), "end": _seconds(end - 1)}
        for line in self._get("/api/v1/export", parameters).splitlines():
            series = msgspec.json.decode(line)
            for at, value in zip(series["timestamps"], series["values"], strict=True):
                yield self._sample(series["metric"], at, value)

    def newest(self, device: str) -> Iterator[Sample]:
        """See SampleReader.newest."""
        window = f"({_selector(device, None)}{_NEWEST_WINDOW})"
        newest_at = {
            _key(metric): float(at) for metric, at in self._query(f"tlast_over_time{window} keep_metric_names")
        }
        for metric, value in self._query(f"last_over_time{window} keep_metric_names"):
            at = newest_at.get(_key(metric))
            if at is not None:
                yield self._sample(metric, round(at * 1000), float(value))

    def position(self) -> dict[Lane, int]:
        """See SampleReader.position. Positions only grow, so the greatest is the last."""
        series = self._query(f"max_over_time({POSITION}_pos{_POSITION_WINDOW})")
        return {Lane(metric["lane"]): int(float(value)) for metric, value in series}

    def close(self) -> None:
        """See SampleReader.close."""
        self._http.close()

    def _query(self, query: str) -> list[tuple[dict[str, str], str]]:
        # Without nocache the server hides the last 30 s.
        response = msgspec.json.decode(self._get("/api/v1/query", {"query": query, "nocache": "1"}))
        return [(series["metric"], series["value"][1]) for series in response["data"]["result"]]

    def _get(self, path: str, parameters: dict[str, str]) -> bytes:
        try:
            response = self._http.get(path, params=parameters)
            response.raise_for_status()
        except httpx2.HTTPError as error:
            raise StoreError(f"VictoriaMetrics did not answer: {error}") from error
        return response.content

    def _sample(self, metric: dict[str, str], at: Instant, value: float) -> Sample:
        quantity = metric["__name__"].removeprefix(_PREFIX)
        quality = Quality(metric.get("quality", Quality.GOOD))
        return Sample(metric["device"], metric["kind"], quantity, at, self._value(metric, quantity, value), quality)

    def _value(self, metric: dict[str, str], quantity: str, value: float) -> Value:
        if "word" in metric:
            return metric["word"]
        return bool(value) if quantity in self._boolean_quantities else number(float(value))


def _selector(device: str | None, quantity: str | None) -> str:
    name = f'__name__="{_PREFIX}{_escape(quantity)}"' if quantity is not None else f'__name__=~"{_PREFIX}.+"'
    of_device = "" if device is None else f',device="{_escape(sanitise_tag(device))}"'
    return f'{{{name},__name__!="{POSITION}_pos"{of_device}}}'


def _key(metric: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(metric.items()))


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"")


def _seconds(at: Instant) -> str:
    return f"{at // 1000}.{at % 1000:03d}"
