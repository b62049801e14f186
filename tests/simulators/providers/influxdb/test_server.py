"""Answers of the simulated InfluxDB, word for word those that the real servers gave or their sources give."""

from __future__ import annotations

import gzip
from typing import Any

import httpx2
import pytest

from domain import DAY
from simulators.providers.influxdb.server import InfluxServer, Version
from tests.support.timeouts import LONG_TIMEOUT_S

NOW = 1_795_262_400_000


async def post(server: InfluxServer, lines: str, **parameters: str) -> tuple[int, Any]:
    asked = {"org": "fengshao", "bucket": "fengshao", "precision": "ms", **parameters}
    headers = {"Authorization": "Token secret", "Content-Encoding": "gzip"}
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False, timeout=LONG_TIMEOUT_S) as client:
        body = gzip.compress(lines.encode())
        answer = await client.post("/api/v2/write", params=asked, content=body, headers=headers)
        return answer.status_code, answer.json() if answer.content else None


@pytest.mark.parametrize("version", ["1.8", "2.8"])
async def test_a_conflict_of_types_drops_the_point_and_keeps_the_rest(version: Version) -> None:
    async with InfluxServer(version, lambda: NOW, token="secret") as server:
        assert await post(server, f"m,d=a x=true {NOW}") == (204, None)
        status, body = await post(server, f"m,d=a x=1 {NOW}\nm,d=a y=1 {NOW}")
        partial = (
            'partial write: field type conflict: input field "x" on measurement "m" is type float, '
            "already exists as type boolean dropped=1"
        )
        if version == "1.8":
            assert (status, body) == (400, {"error": partial})
        else:
            said = f"failure writing points to database: {partial}"
            assert (status, body) == (422, {"code": "unprocessable entity", "message": said})
        assert [(value.field, value.value) for value in server.bucket.values()] == [("x", True), ("y", 1.0)]
        # Another week is another shard, in which the field has no type yet.
        assert await post(server, f"m,d=a x=1 {NOW - 30 * DAY}") == (204, None)


async def test_points_beyond_the_retention_are_dropped_and_counted() -> None:
    async with InfluxServer("1.8", lambda: NOW, retention_ms=7 * DAY) as server:
        answer = await post(server, f"m x=1 {NOW - 8 * DAY}\nm x=2 {NOW}")
        assert answer == (400, {"error": "partial write: points beyond retention policy dropped=1"})
        assert len(server.bucket) == 1
    async with InfluxServer("2.8", lambda: NOW, token="secret", retention_ms=7 * DAY) as server:
        status, body = await post(server, f"m x=1 {NOW - 8 * DAY}\nm x=2 {NOW}")
        assert status == 422
        assert body["message"].startswith(
            "failure writing points to database: partial write: dropped 1 points outside retention policy of duration "
            "168h0m0s - oldest point m at 2026-11-13T12:00:00Z dropped because it violates a Retention Policy Lower"
        )


async def test_version_1_writes_what_it_can_parse_and_version_2_nothing() -> None:
    for version, expected in (("1.8", 1), ("2.8", 0)):
        async with InfluxServer(version, lambda: NOW, token="secret") as server:  # type: ignore[arg-type]
            status, body = await post(server, f"m x=1 {NOW}\nm x=? {NOW}")
            assert status == 400
            assert f"unable to parse 'm x=? {NOW}': invalid boolean" in str(body.get("error") or body.get("message"))
            assert len(server.bucket) == expected


async def test_accounts() -> None:
    async with InfluxServer("2.8", lambda: NOW, token="other") as server:
        assert await post(server, "m x=1") == (401, {"code": "unauthorized", "message": "unauthorized access"})
        server.token = "secret"
        missing = {"code": "not found", "message": 'organization name "o" not found'}
        assert await post(server, "m x=1", org="o") == (404, missing)
        assert await post(server, "m x=1", bucket="b") == (
            404,
            {"code": "not found", "message": 'bucket "b" not found'},
        )
    async with InfluxServer("1.8", lambda: NOW) as server:
        assert await post(server, "m x=1", bucket="b", org="any") == (404, {"error": 'database not found: "b"'})
