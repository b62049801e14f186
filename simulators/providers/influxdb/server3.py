"""The HTTP server of InfluxDB 3 Core: `/api/v3/write_lp`, `/api/v3/query_sql` and `/ping`.

Written from `influxdb3_server/src/http.rs` (branch main, 3.10), as a real server was not to be had: a partial write
numbers its lines, most other errors are a sentence without JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from domain import Instant
from simulators.providers.influxdb.host import BrokenOff, SimulatedServer, decompressed
from simulators.providers.influxdb.tables import LineFault, QueryError, Tables

BODY_MAX: Final = 10_485_760
_PRECISIONS: Final = {"second": "s", "millisecond": "ms", "microsecond": "us", "nanosecond": "ns"}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/-]*")
_LIMITS: Final = ("Update to schema would exceed number of", "Adding a new database would exceed limit of")


class InfluxServer3(SimulatedServer):
    """One server of version 3 with one database, which its first write creates.

    `token`: empty for `--without-auth`. `columns_max`, `files_max`: limits of a table and of a query. `is_deleted`: the
    database is marked for deletion.
    """

    def __init__(
        self,
        clock: Callable[[], Instant],
        *,
        token: str = "",
        database: str = "fengshao",
        retention_ms: int = 0,
        batch_bytes_max: int = BODY_MAX,
        breaks_at: str = "",
        columns_max: int = 500,
        files_max: int = 432,
    ) -> None:
        super().__init__(
            clock,
            {"/api/v3/query_sql": self._query, "/ping": self._ping},
            "/api/v3/write_lp",
            token=token,
            batch_bytes_max=batch_bytes_max,
            breaks_at=breaks_at,
        )
        self.database_name, self.tables, self.is_deleted = database, Tables(retention_ms, columns_max, files_max), False
        self.queries: list[str] = []
        """What was asked so far."""

    def __len__(self) -> int:
        return len(self.tables)

    def put(self, lines: str) -> None:
        """See SimulatedServer.put."""
        assert not self.tables.write(lines, "ms", self._clock() * 1_000_000)

    def _answer_write(self, request: Request, body: bytes) -> Response:
        asked = request.query_params
        if (refused := self._refuse_token(request)) is not None:
            return refused
        if not _NAME.fullmatch(asked.get("db", "")):
            return _json_error(
                400,
                "invalid character in database or rp name: must be ASCII, containing only letters, numbers, "
                "underscores, or hyphens",
            )
        if self._breaks(body):
            return BrokenOff()
        try:
            text = decompressed(request, body)
        except ValueError as error:
            return self._error(400, f"error decoding gzip stream: {error}")
        if len(text) > self.batch_bytes_max:
            return self._error(413, f"max request size ({self.batch_bytes_max} bytes) exceeded")
        if self.is_deleted:
            return _json_error(
                400, f"cannot write to soft-deleted database '{asked['db']}' - it is marked for deletion"
            )
        if not text.strip():
            return self._error(400, "incoming write was empty")
        faults = self.tables.write(text.decode(), _PRECISIONS[asked["precision"]], self._clock() * 1_000_000)
        return _partial(faults) if faults else Response(status_code=204)

    async def _query(self, request: Request) -> Response:
        if (refused := self._refuse_token(request)) is not None:
            return refused
        asked = await request.json()
        self.queries.append(asked["q"])
        if asked["db"] != self.database_name or not self.tables.exists:
            return _json_error(404, f"query error: database not found: {asked['db']}")
        try:
            rows = self.tables.query(asked["q"], asked.get("params") or {}, self._clock())
        except QueryError as error:
            return self._error(error.status, str(error))
        assert asked["format"] == "jsonl"
        return Response("".join(f"{json.dumps(row)}\n" for row in rows), media_type="application/jsonl")

    async def _ping(self, request: Request) -> Response:
        refused = self._refuse_token(request)
        return refused or Response(json.dumps({"product_name": "InfluxDB 3 Core", "version": "3.10.0"}))

    def _refuse_token(self, request: Request) -> Response | None:
        written = request.headers.get("authorization", "")
        scheme, *tokens = written.split(" ")
        if not self.token:
            return None
        if written and (scheme not in ("Bearer", "Token", "Basic") or len(tokens) != 1):
            return _json_error(
                400,
                "Authorization header was malformed, the request was not in the form of 'Authorization: <auth-scheme> "
                "<token>', supported auth-schemes are Bearer, Token and Basic",
            )
        return None if tokens == [self.token] else _json_error(401, "the request was not authenticated")

    def _error(self, status: int, message: str, headers: Mapping[str, str] = {}) -> Response:
        return Response(message, status, headers)


def _json_error(status: int, message: str) -> Response:
    return Response(json.dumps({"error": message}), status)


def _partial(faults: list[LineFault]) -> Response:
    is_limit = any(fault.error_message.startswith(_LIMITS) for fault in faults)
    body = {"error": "partial write of line protocol occurred", "data": faults}
    return Response(msgspec.json.encode(body), 422 if is_limit else 400)
