"""The HTTP side of a history server: writes a batch, and tells a restart that may have lost what was written.

InfluxDB answers a write once it is in its synced write-ahead log (3: with `no_sync=false`). VictoriaMetrics answers at
once and saves to disk some seconds later (`-inmemoryDataFlushInterval`, 5 s): killed before, it loses what it has
accepted. Its time of start stands in `/metrics`, with counters of lines that it accepted with 204 and left out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Final

import httpx2
from msgspec import Struct

from store.history.remote.answers import Account, Answer, TryLater, shortened

log = logging.getLogger("fengshao.history")

_STARTED: Final = re.compile(r"^process_start_time_seconds (\S+)", re.MULTILINE)
_LEFT_OUT: Final = re.compile(
    r'^(?:vm_rows_(?:invalid_total\{type="influx"|ignored_total\{reason="(?P<reason>\w+)")[^}]*\}) (?P<count>\d+)',
    re.MULTILINE,
)


ReadAnswer = Callable[[int, Mapping[str, str], bytes, Account], Answer]
"""What an answer means: status, headers, body, and what the settings say about the server."""


class ServerLife(Struct, frozen=True):
    """What VictoriaMetrics tells about itself: when it started, and rows it left out since then, by reason."""

    started: str
    left_out: Mapping[str, int]


class HistoryServer:
    """Writes to one server: to `path` with `parameters`; `read` tells what its answer means. Not for many threads."""

    def __init__(
        self,
        url: str,
        token: str,
        account: Account,
        timeout_s: float,
        *,
        path: str,
        parameters: Mapping[str, str],
        read: ReadAnswer,
    ) -> None:
        headers = {"Authorization": f"Token {token}"} if token else {}
        self._http = httpx2.Client(base_url=url, headers=headers, timeout=timeout_s)
        self._account, self._url, self._is_warned = account, url, False
        self._path, self._parameters, self._read = path, dict(parameters), read

    def write(self, body: bytes) -> Answer:
        """Write compressed lines (compression.py). A server that is not reached or too slow is asked again later."""
        try:
            response = self._http.post(
                self._path,
                params=self._parameters,
                content=body,
                headers={"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"},
            )
        except httpx2.HTTPError as error:
            sentence = f"the history server was not reached: {type(error).__name__}: {shortened(str(error))}"
            return TryLater(sentence, is_broken=not isinstance(error, httpx2.TimeoutException))
        return self._read(response.status_code, response.headers, response.content, self._account)

    def life(self) -> ServerLife | None:
        """When the server started; None when it does not answer.

        A gateway, a cluster or a key for the metrics may hide it: then it is the empty text, and restarts are not seen.
        """
        try:
            response = self._http.get("/metrics")
        except httpx2.HTTPError:
            return None
        started = _STARTED.search(response.text) if response.status_code == 200 else None
        if started is None:
            if not self._is_warned:
                log.warning("%s/metrics names no time of start: what a restart loses is not sent again", self._url)
                self._is_warned = True
            return ServerLife("", {})
        left_out = {match["reason"] or "not_parsed": int(match["count"]) for match in _LEFT_OUT.finditer(response.text)}
        return ServerLife(started[1], left_out)

    def settle(self) -> None:
        """Ask VictoriaMetrics to make what it accepted readable at once. Nothing is lost where it may not be asked."""
        try:
            self._http.get("/internal/force_flush")
        except httpx2.HTTPError as error:
            log.info("the history server was not asked to flush: %s", shortened(str(error)))

    def answers(self) -> bool:
        """Whether it answers anything at all to a small request."""
        try:
            self._http.get("/ping")
        except httpx2.HTTPError:
            return False
        return True

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
