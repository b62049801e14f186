"""The history on InfluxDB 1.8, 2.8 and 3: rows S1 to S7 of what went wrong on real servers, against simulated ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from domain import DAY, HOUR, MINUTE, Lane, Quality, Reading
from simulators.providers.influxdb.host import Disturbance
from simulators.providers.influxdb.server import InfluxServer
from store.errors import StoreError
from store.history.remote.answers import Account
from tests.support.influx_site import NOW, Site, Version, opened_site, reading

Open = Callable[..., AbstractAsyncContextManager[Site]]


@pytest.fixture(params=["1.8", "2.8", "3"])
def version(request: pytest.FixtureRequest) -> Version:
    chosen: Version = request.param
    return chosen


@pytest.fixture(params=["1.8", "2.8"])
def only_flux(request: pytest.FixtureRequest) -> Version:
    """The versions that judge a point by its age."""
    chosen: Version = request.param
    return chosen


@pytest.fixture
def open_site(tmp_path: Path) -> Open:
    return partial(opened_site, tmp_path / "spool")


async def test_s1_values_of_differing_types_in_one_quantity_are_all_stored(open_site: Open, version: Version) -> None:
    async with open_site(version) as site:
        await site.write(reading(level=True))
        await site.write(reading(NOW + 1, level=5), reading(NOW + 2, level="高"), reading(NOW + 3, level=False))
        await site.sent()
        assert await site.series(quantity="level") == ["0 level True", "1 level 5", "2 level '高'", "3 level False"]
        assert site.refused == []
        assert site.history.position() == {Lane.BULK: 2}


async def test_s1_a_field_that_has_another_type_on_the_server_is_refused_by_name_and_the_rest_is_written(
    open_site: Open, version: Version
) -> None:
    async with open_site(version) as site:
        # As an earlier version wrote it: the verdict under the quantity's own name.
        earlier = 'fengshao,device=g1,kind=gas_alarm level=true,co_ppm="none" 1795262399000'
        site.server.put(earlier)
        batch = [reading(NOW + n, f"d{n}", lel_pct=n, level=n) for n in range(40)]
        await site.write(*batch, reading(NOW + 50, co_ppm=3), reading(NOW + 51, temp_c=20, co_ppm=4, level=1))
        await site.sent()
        assert await site.series("d7") == ["7 lel_pct 7"]
        assert await site.series("g1") == ["-1000 co_ppm 'none'", "-1000 level True", "51 temp_c 20"]
        expected = [f"d{n} level {n} type_conflict" for n in range(40)]
        expected += ["g1 co_ppm 50 type_conflict", "g1 co_ppm 51 type_conflict", "g1 level 51 type_conflict"]
        assert site.named() == sorted(expected)
        said = "expected iox::column_type::field::" if version == "3" else "is type float, already exists as type"
        assert said in site.refused[0].sentence
        status = site.history.server_status()
        assert status is not None
        assert (status.refused, status.waiting_readings, status.problem) == ({"type_conflict": 43}, 0, "")
        await site.write(reading(NOW + 60, lel_pct=1))
        await site.sent()
        assert (await site.series("g1"))[-1] == "60 lel_pct 1"


async def test_s2_a_month_from_a_device_that_was_away_is_dropped_by_the_server_and_blocks_nothing(
    open_site: Open, only_flux: Version, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_site(only_flux, retention_ms=7 * DAY) as site:
        month = [reading(NOW - n * HOUR, "away", lel_pct=n) for n in range(700)]
        await site.write(*month, reading(lel_pct=1))
        await site.sent()
        assert await site.series() == ["0 lel_pct 1"]
        kept = await site.history.series("away", None, NOW - 40 * DAY, NOW + 1)
        assert 7 * 24 <= len(kept) <= 8 * 24
        assert len(kept) + len(site.refused) == 700
        assert {value.reason.value for value in site.refused} == {"beyond_retention"}
        assert max(value.at for value in site.refused) < min(point.at for point in kept)
        await site.write(reading(NOW - 30 * DAY, lel_pct=2), reading(NOW + 1, lel_pct=3))
        await site.sent()
        assert site.server.writes == 4
        assert [record.message.count("beyond_retention") for record in caplog.records] == [1]


async def test_s3_what_the_gate_refuses_is_refused_by_name_if_it_gets_through(
    open_site: Open, version: Version
) -> None:
    async with open_site(version) as site:
        strange = [
            reading(10**17, "year 3170843", lel_pct=1),
            reading(NOW, "", lel_pct=2),
            reading(NOW, "d" * 70_000, lel_pct=3),
            reading(NOW + 1, "infinite", lel_pct=float("inf"), co_ppm=5),
            reading(NOW + 2, "nan", lel_pct=float("nan"), temp_c=6),
            reading(NOW + 3, "large", count=2**70, long="x" * 1_200_000),
        ]
        await site.write(*strange, *(reading(NOW + n, lel_pct=n) for n in range(20)))
        await site.sent()
        assert len(await site.series()) == 20
        assert await site.series("infinite") == ["1 co_ppm 5"]
        assert await site.series("nan") == ["2 temp_c 6"]
        large = await site.history.series("large", "count", NOW, NOW + 9)
        assert [point.value for point in large] == [float(2**70)]
        refused = {(value.device[:20], value.quantity): value.reason.value for value in site.refused}
        expected = {
            ("year 3170843", "lel_pct"): "not_parsed",
            ("", "lel_pct"): "not_parsed",
            ("d" * 20, "lel_pct"): "too_large",
            ("infinite", "lel_pct"): "not_parsed",
            ("nan", "lel_pct"): "not_parsed",
        }
        if version == "3":
            del expected["d" * 20, "lel_pct"]  # it has a limit for texts only
        too_long = {} if version == "1.8" else {("large", "long"): "too_large"}
        assert refused == expected | too_long
        assert all(len(value.sentence) <= 300 and len(value.value) <= 200 for value in site.refused)


async def test_s4_a_text_of_any_length_that_was_written_is_read(open_site: Open) -> None:
    async with open_site("1.8") as site:
        await site.write(reading(note="长" * 400_000))
        await site.sent()
        assert len((await site.history.latest("g1"))[0].value) == 400_000  # type: ignore[arg-type]


async def test_s6_the_newest_of_each_quantity_however_old_and_also_ahead(open_site: Open, version: Version) -> None:
    async with open_site(version) as site:
        await site.write(
            reading(NOW - 300 * DAY, lel_pct=1),
            reading(NOW - 31 * DAY, lel_pct=2, alarm=True),
            reading(NOW + 5 * MINUTE, co_ppm=3),
            reading(NOW, co_ppm=4, key="双击"),
        )
        newest = [f"{p.at - NOW} {p.quantity} {p.value!r}" for p in await site.history.latest("g1")]
        assert newest == [
            f"{-31 * DAY} alarm True",
            f"{5 * MINUTE} co_ppm 3",
            "0 key '双击'",
            f"{-31 * DAY} lel_pct 2",
        ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"token": "wrong"},
            "history.token_env: the server refuses the token in FENGSHAO_HISTORY_TOKEN (HTTP 401: unauthorized access)"
            ": write a token of InfluxDB 2, or user:password of InfluxDB 1.8, into this variable",
        ),
        (
            {"account": Account("else", "fengshao", "T")},
            "history.org: the server has no organisation 'else' "
            '(HTTP 400: failed to decode request body: organization name "else" not found): write the name that it has',
        ),
        (
            {"account": Account("fengshao", "else", "T")},
            "history.bucket: the server has no bucket 'else' "
            '(HTTP 404: failed to initialize execute state: could not find bucket "else"): create it, or write the '
            "name of one that it has (InfluxDB 1.8: the database, or database/retention-policy)",
        ),
    ],
)
async def test_s7_the_first_start_names_what_is_wrong_in_one_sentence(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    async with InfluxServer("2.8", lambda: NOW, token="secret") as server:
        with pytest.raises(StoreError) as refused:
            await Site(tmp_path / "spool", server).open(**changes)
        assert str(refused.value) == sentence


async def test_s7_a_bucket_that_is_deleted_under_the_service_is_named_and_the_readings_wait(open_site: Open) -> None:
    async with open_site("1.8") as site:
        assert isinstance(site.server, InfluxServer)
        site.server.bucket_name = "moved"
        await site.write(reading(lel_pct=1))
        assert not await site.history.sent(5.0)
        status = site.history.server_status()
        assert status is not None
        assert status.problem.startswith("history.bucket: the server has no bucket 'fengshao' (HTTP 404: database not")
        assert (status.waiting_readings, site.history.position()) == (1, {Lane.BULK: 1})
        site.server.bucket_name = "fengshao"
        await site.sent()
        assert await site.series() == ["0 lel_pct 1"]


async def test_a_busy_server_is_asked_again_and_what_it_wrote_twice_counts_once(
    open_site: Open, version: Version
) -> None:
    async with open_site(version) as site:
        site.server.disturbances.extend(
            [
                Disturbance(429, "token is temporarily over quota", {"Retry-After": "0"}),
                Disturbance(503, "unavailable", {"Retry-After": "0"}),
                Disturbance(500, "timeout", writes=True),
                Disturbance(500, "engine: cache-max-memory-size exceeded: (1048 / 1024)"),
                Disturbance(
                    500, "engine: error writing WAL entry: write /var/lib/influxdb/wal: no space left on device"
                ),
            ]
        )
        await site.write(reading(lel_pct=1))
        await site.sent()
        assert site.server.writes == 6
        assert await site.series() == ["0 lel_pct 1"]
        assert site.refused == []


async def test_a_server_that_answers_late_keeps_nothing_from_being_appended(open_site: Open, version: Version) -> None:
    async with open_site(version) as site:
        await site.history.close()
        await site.open(timeout_s=0.1)
        site.server.disturbances.extend([Disturbance(delay_s=30)] * 1_000)
        for n in range(10):
            await site.write(reading(NOW + n, lel_pct=n))
        assert (site.history.position(), len(site.server)) == ({Lane.BULK: 10}, 0)
        site.server.disturbances.clear()
        await site.sent()
        assert len(await site.series()) == 10


async def test_a_batch_that_is_too_large_is_divided(open_site: Open, version: Version) -> None:
    async with open_site(version, batch_bytes_max=2_000) as site:
        await site.write(*(reading(NOW + n, lel_pct=n) for n in range(100)))
        await site.sent()
        assert len(await site.series()) == 100
        assert site.refused == []


async def test_a_dead_server_costs_neither_the_start_nor_the_readings(open_site: Open, version: Version) -> None:
    async with open_site(version) as site:
        await site.write(reading(lel_pct=1))
        await site.sent()
        await site.server.__aexit__(None, None, None)
        await site.write(*(reading(NOW + n, lel_pct=n) for n in range(200)))
        await site.history.close()
        again = await site.open()
        assert again.position() == {Lane.BULK: 2}
        status = again.server_status()
        assert status is not None
        assert status.waiting_readings == 200
        again.append(Lane.BULK, 2, [reading(NOW + 900, lel_pct=900)])
        await again.flush()
        await site.server.__aenter__()
        await site.sent()
        assert len(await site.series()) == 200


async def test_quality_and_positions_of_an_earlier_version_are_read(
    open_site: Open, version: Version, tmp_path: Path
) -> None:
    async with open_site(version) as site:
        doubted = Reading("g1", "gas_alarm", NOW, NOW, {"lel_pct": 900, "co_ppm": 1}, {"lel_pct": Quality.IMPLAUSIBLE})
        await site.write(doubted)
        await site.sent()
        replayed = await asyncio.to_thread(lambda: list(site.history.sorted_replay(NOW, NOW + 1)))
        assert replayed == [doubted]
        other = Site(tmp_path / "another folder", site.server)
        opened = await other.open()
        assert opened.position() == {Lane.BULK: 1}
        await opened.close()


async def test_a_value_at_which_the_connection_always_breaks_is_refused_and_the_rest_is_written(
    open_site: Open,
    version: Version,
) -> None:
    """A proxy that drops the connection at one text kept the whole history waiting for good."""
    async with open_site(version, breaks_at="SELECT") as site:
        await site.write(*(reading(NOW + n, lel_pct=n) for n in range(6)), reading(NOW + 6, lel_pct=6, note="SELECT"))
        await site.sent()
        assert site.named() == ["g1 note 6 other"]
        assert len(await site.series()) == 7


async def test_a_dead_server_refuses_nothing_however_often_it_is_asked(open_site: Open, version: Version) -> None:
    async with open_site(version) as site:
        await site.server.__aexit__(None, None, None)
        await site.write(reading(lel_pct=1))
        while site.history.server_status().failing_s < 0.5:
            await asyncio.sleep(0.05)
        assert site.refused == []
        await site.server.__aenter__()
        await site.sent()
        assert await site.series() == ["0 lel_pct 1"]
