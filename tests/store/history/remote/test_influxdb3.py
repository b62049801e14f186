"""What InfluxDB 3 does otherwise than 1.8 and 2.8, against the simulated one; the rest is test_history_influxdb.py."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from domain import DAY, HOUR, Lane, Quality, Reading
from simulators.providers.influxdb.server import InfluxServer
from simulators.providers.influxdb.server3 import InfluxServer3
from store.errors import CannotRead, StoreError
from store.history.remote.answers import Account
from store.history.remote.influxdb3 import InfluxDb3Reader
from tests.support.influx_site import ACCOUNT, NOW, Site, opened_site, reading

FOREIGN = 'fengshao,device=g1,kind=gas_alarm,quality=good level=true,co_ppm="none" 1795262399000'


def server_of(site: Site) -> InfluxServer3:
    assert isinstance(site.server, InfluxServer3)
    return site.server


async def test_lines_that_the_server_numbers_are_refused_and_nothing_is_halved(tmp_path: Path) -> None:
    async with opened_site(tmp_path, "3") as site:
        site.server.put(FOREIGN)
        batch = [reading(NOW + n, f"d{n}", lel_pct=n, level=n) if n % 3 else reading(NOW + n, "ok") for n in range(300)]
        await site.write(*batch)
        await site.sent()
        assert site.server.writes == 2, "one request, and one with what else was in the lines that it refused"
        assert site.status().refused == {"type_conflict": 200}
        assert await site.series("d7") == ["7 lel_pct 7"]
        assert site.refused[0].sentence == (
            "invalid column type for column 'level', expected iox::column_type::field::boolean, got "
            "iox::column_type::field::float"
        )


async def test_s2_what_is_older_than_the_retention_is_taken_and_not_shown(tmp_path: Path) -> None:
    async with opened_site(tmp_path, "3", retention_ms=7 * DAY) as site:
        await site.write(*(reading(NOW - n * HOUR, "away", lel_pct=n) for n in range(700)), reading(lel_pct=1))
        await site.sent()
        assert site.refused == []
        assert len(await site.series("away")) == 7 * 24 + 1
        assert await site.series() == ["0 lel_pct 1"]


async def test_a_server_on_which_nothing_was_written_has_no_values_yet(tmp_path: Path) -> None:
    async with opened_site(tmp_path, "3") as site:
        assert site.history.position() == {}
        assert await site.history.latest("g1") == []
        assert await site.series() == []
        site.server.put("cpu,host=a usage=1 5")  # the database exists now, our tables do not
        assert await site.history.latest("g1") == []
        assert await site.series() == []
        await site.write(reading(lel_pct=1))
        assert await site.series(quantity="co_ppm") == []
        assert await site.series(quantity="lel_pct") == ["0 lel_pct 1"]


@pytest.mark.parametrize(
    ("token", "said"),
    [("wrong", "HTTP 401: the request was not authenticated"), ("two words", "HTTP 400: Authorization header was mal")],
)
async def test_s7_the_first_start_names_what_is_wrong(tmp_path: Path, token: str, said: str) -> None:
    async with InfluxServer3(lambda: NOW, token="secret") as server:
        with pytest.raises(StoreError) as refused:
            await Site(tmp_path, server).open(token=token)
        expected = f"history.token_env: the server refuses the token in FENGSHAO_HISTORY_TOKEN ({said}"
        assert str(refused.value).startswith(expected)
        assert str(refused.value).endswith("write a token of InfluxDB 3 (influxdb3 create token) into this variable")


async def test_s7_a_server_of_another_version_is_named() -> None:
    async with InfluxServer("2.8", lambda: NOW, token="secret") as server:
        reader = InfluxDb3Reader(server.url, "secret", ACCOUNT)
        with pytest.raises(CannotRead, match=r"^history\.url: .*or history\.type influxdb for InfluxDB 1\.8 and 2$"):
            await asyncio.to_thread(reader.position)
        reader.close()


@pytest.mark.parametrize(
    ("database", "deleted", "said"),
    [
        ("枫哨", False, "invalid character in database or rp name"),
        ("fengshao", True, "cannot write to soft-deleted database 'fengshao'"),
    ],
)
async def test_s7_a_database_that_the_server_does_not_take_is_named_and_the_readings_wait(
    tmp_path: Path, database: str, deleted: bool, said: str
) -> None:
    async with InfluxServer3(lambda: NOW, token="secret") as server:
        site = Site(tmp_path, server)
        await site.open(account=Account("", database, "T"))
        server.is_deleted = deleted
        await site.write(reading(lel_pct=1))
        assert not await site.history.sent(5.0)
        assert site.status().problem.startswith(
            f"history.bucket: the server takes no database '{database}' (HTTP 400: {said}"
        )
        assert site.status().waiting_readings == 1
        await site.history.close()


async def test_a_quantity_beyond_the_limit_of_columns_is_refused_by_name_and_the_rest_is_written(
    tmp_path: Path,
) -> None:
    async with opened_site(tmp_path, "3", columns_max=5) as site:
        await site.write(reading(lel_pct=1), reading(NOW + 1, lel_pct=2, co_ppm=3), reading(NOW + 2, lel_pct=3))
        await site.sent()
        assert site.named() == ["g1 co_ppm 1 other"]
        assert site.refused[0].sentence == (
            "Update to schema would exceed number of columns per table limit of 5 columns"
        )
        assert await site.series() == ["0 lel_pct 1", "1 lel_pct 2", "2 lel_pct 3"]


async def test_a_doubtful_value_long_after_the_first_needs_no_new_tag(tmp_path: Path) -> None:
    async with opened_site(tmp_path, "3", columns_max=5) as site:
        await site.write(reading(lel_pct=1))
        await site.write(
            Reading("g1", "gas_alarm", NOW + 1, NOW + 1, {"lel_pct": 900}, {"lel_pct": Quality.IMPLAUSIBLE})
        )
        await site.sent()
        points = await site.history.series("g1", None, NOW, NOW + DAY)
        assert [(point.value, point.quality) for point in points] == [(1, Quality.GOOD), (900, Quality.IMPLAUSIBLE)]
        assert site.refused == []


async def test_quantities_with_the_names_of_tags_and_of_time_are_stored(tmp_path: Path) -> None:
    async with opened_site(tmp_path, "3") as site:
        values = {"quality": 3, "kind": 4, "device": 5, "time": 6}
        await site.write(Reading("g1", "gas_alarm", NOW, NOW, values), reading(NOW + 1, quality=True, kind="气"))
        await site.sent()
        assert site.refused == []
        expected = ["0 device 5", "0 kind 4", "0 quality 3", "0 time 6", "1 kind '气'", "1 quality True"]
        assert await site.series() == expected
        assert await site.series(quantity="quality") == ["0 quality 3", "1 quality True"]


async def test_nothing_from_outside_is_written_into_a_query(tmp_path: Path) -> None:
    hostile = "g1' OR 'a' = 'a"
    async with opened_site(tmp_path, "3") as site:
        await site.write(reading(lel_pct=1), reading(NOW, hostile, lel_pct=2))
        assert await site.series(hostile) == ["0 lel_pct 2"]
        assert [point.value for point in await site.history.latest(hostile)] == [2]
        assert await site.series(quantity='lel_pct" OR "a') == []
        # A column of another program.
        site.server.put("fengshao,device=g1,kind=gas_alarm,quality=good a\\ OR\\ true=1 1795262400000")
        assert [point.value for point in await site.history.latest("g1")] == [1]
        assert not [query for query in server_of(site).queries if "OR true" in query or "'a'" in query]


async def test_a_period_of_more_files_than_the_server_reads_for_a_query_is_divided(tmp_path: Path) -> None:
    async with opened_site(tmp_path, "3", files_max=50) as site:
        await site.write(*(reading(NOW - n * HOUR, lel_pct=n) for n in range(200)))
        await site.sent()
        assert len(await site.series()) == 200
        found = await asyncio.to_thread(lambda: list(site.history.sorted_replay(NOW - 9 * DAY, NOW + 1)))
        assert len(found) == 200


async def test_newest_values_beyond_the_limit_of_files_are_those_of_the_last_days_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened_site(tmp_path, "3", files_max=50) as site:
        await site.write(*(reading(NOW - n * HOUR, lel_pct=n) for n in range(200)), reading(NOW - 9 * DAY, co_ppm=1))
        await site.sent()
        for _ in range(2):
            assert [(point.quantity, point.value) for point in await site.history.latest("g1")] == [("lel_pct", 0)]
        said = "InfluxDB 3 reads no more files for one query than its limit (newest values: those older than 2 days"
        assert [record.message.startswith(said) for record in caplog.records] == [True]


async def test_a_limit_of_files_that_no_query_keeps_is_one_sentence(tmp_path: Path) -> None:
    async with opened_site(tmp_path, "3", files_max=0) as site:
        await site.write(reading(lel_pct=1))
        with pytest.raises(CannotRead, match=r"one hour from 2026-11-2\dT.*start it with a larger --query-file-limit"):
            await site.series()
        with pytest.raises(CannotRead, match=r"the last 6 hours\): start it with a larger --query-file-limit"):
            await site.history.latest("g1")
        reader = InfluxDb3Reader(site.server.url, "secret", ACCOUNT)
        assert await asyncio.to_thread(reader.has_samples, NOW, NOW + 1), "more files than it reads are more than none"
        reader.close()


async def test_positions_are_kept_beside_the_values(tmp_path: Path) -> None:
    async with opened_site(tmp_path / "first", "3") as site:
        await site.write(reading(lel_pct=1))
        await site.write(reading(NOW + 1, lel_pct=2))
        await site.sent()
        other = Site(tmp_path / "second", site.server)
        assert (await other.open()).position() == {Lane.BULK: 2}
        await other.history.close()
