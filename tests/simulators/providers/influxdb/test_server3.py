"""Answers of the simulated InfluxDB 3, word for word those that its source gives."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from domain import DAY, HOUR
from simulators.providers.influxdb.server3 import InfluxServer3
from tests.support.timeouts import LONG_TIMEOUT_S

NOW = 1_795_262_400_000
HEADERS = {"Authorization": "Bearer secret"}


@pytest.fixture
async def server() -> AsyncIterator[InfluxServer3]:
    async with InfluxServer3(lambda: NOW, token="secret", columns_max=4, files_max=2, batch_bytes_max=500) as simulated:
        yield simulated


async def post(server: InfluxServer3, path: str, headers: dict[str, str] = HEADERS, **request: Any) -> tuple[int, str]:
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False, timeout=LONG_TIMEOUT_S) as client:
        answer = await client.post(path, headers=headers, **request)
        return answer.status_code, answer.text


async def write(server: InfluxServer3, lines: str, **changes: str) -> tuple[int, str]:
    parameters = {"db": "fengshao", "precision": "millisecond", **changes}
    headers = {**HEADERS, "Content-Encoding": "gzip"}
    return await post(server, "/api/v3/write_lp", headers, params=parameters, content=gzip.compress(lines.encode()))


async def query(server: InfluxServer3, text: str, **params: Any) -> tuple[int, str]:
    asked = {"db": "fengshao", "q": text, "format": "jsonl", "params": params}
    return await post(server, "/api/v3/query_sql", json=asked)


async def test_a_partial_write_keeps_the_other_lines(server: InfluxServer3) -> None:
    assert await write(server, f"m,d=a x=true {NOW}") == (204, "")
    assert await write(server, f"m,d=a x=1 {NOW}\nm,d=a y=1 {NOW}\nm,d= y=1 {NOW}") == (
        400,
        '{"error":"partial write of line protocol occurred","data":[{"error_message":"invalid column type for column '
        '\'x\', expected iox::column_type::field::boolean, got iox::column_type::field::float","line_number":1,'
        '"original_line":"m,d=a x=1 1795262400"},{"error_message":"Expected tag value, got `,kind=gas_`",'
        '"line_number":3,"original_line":"m,d= y=1 17952624000"}]}',
    )
    # One row for its tags and its time, without keys for what it has not.
    assert await query(server, "SELECT * FROM m") == (
        200,
        '{"time": "2026-11-21T12:00:00", "d": "a", "x": true, "y": 1.0}\n',
    )


async def test_limits(server: InfluxServer3) -> None:
    status, body = await write(server, f"m,d=a x=1,y=2,z=3,w=4 {NOW}")
    assert status == 422
    assert "Update to schema would exceed number of columns per table limit of 4 columns" in body
    assert await write(server, "x" * 501) == (413, "max request size (500 bytes) exceeded")
    assert await write(server, "") == (400, "incoming write was empty")
    for hour in range(3):
        await write(server, f"m,d=a x=1 {NOW - hour * HOUR}")
    status, body = await query(server, "SELECT * FROM m")
    assert (status, body[:62]) == (500, "External error: Query would scan 2 Parquet files, exceeding th")
    recent = "SELECT x FROM m WHERE time >= now() - INTERVAL '1 hours'"
    assert (await query(server, recent))[1].count("\n") == 2
    since = "2026-11-21T11:30:00.000Z"
    assert (await query(server, "SELECT x FROM m WHERE time >= $start", start=since))[1].count("\n") == 1


async def test_accounts_and_names(server: InfluxServer3) -> None:
    for path in ("/api/v3/write_lp", "/api/v3/query_sql", "/ping"):
        refused = await post(server, path, {"Authorization": "Bearer wrong"})
        assert refused == (401, '{"error": "the request was not authenticated"}')
    assert (await post(server, "/ping", {"Authorization": "Basic"}))[0] == 400
    assert await query(server, "SELECT 1") == (404, '{"error": "query error: database not found: fengshao"}')
    await write(server, f"m,d=a x=1 {NOW}")
    missing = "Error during planning: table 'public.iox.other' not found"
    assert await query(server, "SELECT * FROM other") == (400, missing)
    assert (await query(server, "SELECT no FROM m"))[0] == 500
    assert (await query(server, "SELEC no"))[0] == 400
    columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'iox' AND table_name = $t"
    assert (await query(server, columns, t="m"))[1].count("column_name") == 3
    assert (await write(server, "m x=1", db="a.b"))[0] == 400


async def test_the_retention_hides_what_it_does_not_refuse() -> None:
    async with InfluxServer3(lambda: NOW, token="secret", retention_ms=7 * DAY) as server:
        assert await write(server, f"m,d=a x=1 {NOW - 8 * DAY}\nm,d=a x=2 {NOW}") == (204, "")
        assert (await query(server, "SELECT x FROM m"))[1] == '{"x": 2.0}\n'
        assert len(server) == 2
