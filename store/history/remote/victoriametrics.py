"""Reads from VictoriaMetrics: `/api/v1/export` for a period, `/api/v1/query` for the newest values.

It stores numbers only: a boolean is recognised by its field's name, text by its field's name and the tag `word`. Those
that an earlier version wrote have the quantity's own name: a boolean is then one of `boolean_quantities`, a text has
`word`. Written values can be read about a second later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

import httpx2
import msgspec

from domain import Instant, Lane, Quality, Value
from store.errors import CannotRead
from store.history.remote.answers import shortened
from store.history.remote.fields import BOOL, TEXT, decode_text, field_names, quantity_of
from store.history.remote.line_protocol import MEASUREMENT, POSITION, sanitise_tag
from store.history.remote.samples import Sample, number

_PREFIX: Final = f"{MEASUREMENT}_"
# Windows reach into the future, as far as the server stores it: clocks of server, service and device may differ.
_NEWEST_WINDOWS: Final = ("[3d] offset -2d", "[62d] offset -2d", "[20y] offset -2d")
"""Tried in order until every quantity of the device has been found: a long window reads all values in it."""
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

    def has_samples(self, start: Instant, end: Instant) -> bool:
        """See SampleReader.has_samples. Answered from the server's index of days."""
        parameters = {
            "match[]": _selector(None, None),
            "start": _seconds(start),
            "end": _seconds(end - 1),
            "limit": "1",
        }
        return bool(msgspec.json.decode(self._get("/api/v1/series", parameters))["data"])

    def newest(self, device: str) -> Iterator[Sample]:
        """See SampleReader.newest."""
        missing = self._field_names(device)
        for window in _NEWEST_WINDOWS:
            if not missing:
                return
            found = list(self._newest_within(device, window))
            yield from (self._sample(metric, at, value) for metric, at, value in found)
            missing -= {metric["__name__"] for metric, _, _ in found}

    def _newest_within(self, device: str, window: str) -> Iterator[tuple[dict[str, str], Instant, float]]:
        selected = f"({_selector(device, None)}{window})"
        newest_at = {
            _key(metric): float(at) for metric, at in self._query(f"tlast_over_time{selected} keep_metric_names")
        }
        for metric, value in self._query(f"last_over_time{selected} keep_metric_names"):
            at = newest_at.get(_key(metric))
            if at is not None:
                yield metric, round(at * 1000), float(value)

    def _field_names(self, device: str) -> set[str]:
        parameters = {"match[]": _selector(device, None), "start": "0"}
        return set(msgspec.json.decode(self._get("/api/v1/label/__name__/values", parameters))["data"])

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
        except httpx2.HTTPStatusError as error:
            message = shortened(error.response.text)
            raise CannotRead(f"VictoriaMetrics did not answer: HTTP {error.response.status_code}: {message}") from error
        except httpx2.HTTPError as error:
            raise CannotRead(f"VictoriaMetrics did not answer: {error}") from error
        return response.content

    def _sample(self, metric: dict[str, str], at: Instant, number_value: float) -> Sample:
        field = metric["__name__"].removeprefix(_PREFIX)
        quality = Quality(metric.get("quality", Quality.GOOD))
        value = self._value(metric, field, number_value)
        return Sample(metric["device"], metric["kind"], quantity_of(field), at, value, quality)

    def _value(self, metric: dict[str, str], field: str, value: float) -> Value:
        if field.endswith(TEXT):
            return decode_text(metric.get("word", ""))
        if "word" in metric:
            return metric["word"]
        is_boolean = field.endswith(BOOL) or field in self._boolean_quantities
        return bool(value) if is_boolean else number(float(value))


def _selector(device: str | None, quantity: str | None) -> str:
    names = ".+" if quantity is None else f"(?:{'|'.join(field_names(quantity))})"
    name = f'__name__=~"{_PREFIX}{_escape(names)}"'
    of_device = "" if device is None else f',device="{_escape(sanitise_tag(device))}"'
    return f'{{{name},__name__!="{POSITION}_pos"{of_device}}}'


def _key(metric: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(metric.items()))


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"")


def _seconds(at: Instant) -> str:
    return f"{at // 1000}.{at % 1000:03d}"
