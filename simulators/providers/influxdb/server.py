"""The HTTP server of 1.8 and 2.8: `/api/v2/write`, `/api/v2/query` and `/ping`, with their errors word for word."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from domain import Instant
from simulators.providers.influxdb import flux
from simulators.providers.influxdb.host import BrokenOff, SimulatedServer, decompressed
from simulators.providers.influxdb.points import parse_points
from simulators.providers.influxdb.storage import Bucket

Version = Literal["1.8", "2.8"]
_BODY_MAX_1: Final = 25_000_000
_CODES_2: Final = {
    400: "invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    413: "request too large",
    422: "unprocessable entity",
    429: "too many requests",
    500: "internal error",
    503: "unavailable",
}


class InfluxServer(SimulatedServer):
    """One server of 1.8 or 2.8 with one bucket.

    `token`: what 2.8 demands; 1.8 demands nothing unless it is `user:password`. `batch_bytes_max`: its
    `http-max-batch-size`.
    """

    def __init__(
        self,
        version: Version,
        clock: Callable[[], Instant],
        *,
        token: str = "",
        org: str = "fengshao",
        bucket: str = "fengshao",
        retention_ms: int = 0,
        batch_bytes_max: int = 0,
        breaks_at: str = "",
    ) -> None:
        super().__init__(
            clock,
            {"/api/v2/query": self._query, "/ping": self._ping},
            "/api/v2/write",
            token=token,
            batch_bytes_max=batch_bytes_max,
            breaks_at=breaks_at,
        )
        self.version, self.org, self.bucket_name = version, org, bucket
        self.bucket = Bucket(version, retention_ms)

    def __len__(self) -> int:
        return len(self.bucket)

    def put(self, lines: str) -> None:
        """See SimulatedServer.put."""
        points, unparsed = parse_points(lines, "ms", 0)
        assert not unparsed
        assert not self.bucket.write(points, self._clock())

    def _answer_write(self, request: Request, body: bytes) -> Response:
        refused = self._refuse_account(request, request.query_params.get("bucket", ""), is_write=True)
        if refused is not None:
            return refused
        if self._breaks(body):
            return BrokenOff()
        try:
            text = self._text(request, body)
        except ValueError as error:
            return self._error(413 if "large" in str(error).lower() else 400, str(error))
        now = self._clock()
        points, unparsed = parse_points(text, request.query_params.get("precision", "ns"), now * 1_000_000)
        if unparsed and (self.version == "2.8" or not points):
            return self._error(400, unparsed)
        partial = self.bucket.write(points, now)
        if partial and self.version == "2.8":
            return self._error(422, f"failure writing points to database: {partial}")
        if partial or unparsed:
            return self._error(400, partial or f"partial write: {unparsed} dropped=0")
        return Response(status_code=204)

    def _text(self, request: Request, body: bytes) -> str:
        """The lines of a body. Raises ValueError with what the server says about it."""
        if self.version == "1.8" and len(body) > _BODY_MAX_1:
            raise ValueError("Request Entity Too Large")
        body = decompressed(request, body)
        if self.batch_bytes_max and len(body) > self.batch_bytes_max:
            raise ValueError("unable to read data: points batch is too large")
        return body.decode()

    async def _query(self, request: Request) -> Response:
        body = json.loads(await request.body())
        try:
            query = flux.parse(body["query"])
        except flux.FluxError as error:
            return self._error(400, f"error in query specification while starting program: {error}")
        refused = self._refuse_account(request, query.bucket, is_write=False)
        if refused is not None:
            return refused
        return Response(flux.run(query, self.bucket.values()), media_type="text/csv; charset=utf-8")

    async def _ping(self, _request: Request) -> Response:
        return Response(status_code=204, headers={"X-Influxdb-Version": self.version})

    def _refuse_account(self, request: Request, bucket: str, *, is_write: bool) -> Response | None:
        """The answer to a wrong token, organisation or bucket; None when all are right."""
        if self.token and request.headers.get("authorization") != f"Token {self.token}":
            return self._error(401, "unauthorized access" if self.version == "2.8" else "authorization failed")
        org = request.query_params.get("org", "")
        if self.version == "2.8" and org != self.org:
            message = f'organization name "{org}" not found'
            return (
                self._error(404, message) if is_write else self._error(400, f"failed to decode request body: {message}")
            )
        if bucket == self.bucket_name:
            return None
        if self.version == "1.8":
            return self._error(404, f'database not found: "{bucket}"')
        missing = f'bucket "{bucket}" not found'
        not_found = f'failed to initialize execute state: could not find bucket "{bucket}"'
        return self._error(404, missing if is_write else not_found)

    def _error(self, status: int, message: str, headers: Mapping[str, str] = {}) -> Response:
        if self.version == "1.8":
            content = {"error": message}
            more = {"X-Influxdb-Error": message.encode("ascii", "replace").decode()[:1024].replace("\n", " ")}
        else:
            content = {"code": _CODES_2[status], "message": message}
            more = {"X-Platform-Error-Code": _CODES_2[status]}
        return Response(json.dumps(content), status, {**more, **headers}, media_type="application/json")
