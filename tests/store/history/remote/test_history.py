"""The history by line protocol, on a real VictoriaMetrics; the Flux side on annotated CSV."""

from __future__ import annotations

import io
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from influxdb_client.client.flux_csv_parser import FluxCsvParser, FluxSerializationMode

from domain import DAY, HOUR, MINUTE, Lane, Quality, Reading, Value
from store.errors import CannotWrite, StoreError
from store.history import Point, next_cursor
from store.history.remote.history import LineProtocolHistory
from store.history.remote.influxdb import InfluxDbReader
from store.history.remote.line_protocol import lines
from store.history.remote.samples import Sample

BOOLEANS = frozenset({"alarm", "sos"})


class Victoria:
    """A real VictoriaMetrics on a free port, with its data in a folder of the test."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port, self.url = folder, port, f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = shutil.which("victoria-metrics") or shutil.which("victoria-metrics", path="/usr/sbin:/usr/bin")
        if binary is None:
            pytest.skip("victoria-metrics is not installed (Debian package victoria-metrics)")
        self.process = subprocess.Popen(
            [
                binary,
                f"-storageDataPath={self.folder}",
                f"-httpListenAddr=127.0.0.1:{self.port}",
                "-retentionPeriod=2y",
                "-loggerLevel=ERROR",
                "-memory.allowedBytes=128MB",
            ],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        for _ in range(400):
            if self._get("/health"):
                return
            time.sleep(0.025)
        raise RuntimeError("victoria-metrics did not answer within 10 s")

    def settle(self) -> None:
        """Make what was written visible at once; a server does this by itself every second."""
        assert self._get("/internal/force_flush")

    def _get(self, path: str) -> bool:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            try:
                connection.request("GET", path)
                return connection.getresponse().status == 200
            except OSError:
                return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None


@pytest.fixture(scope="module")
def now() -> int:
    return int(time.time()) * 1000


@pytest.fixture
def victoria(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Victoria]:
    server = Victoria(tmp_path / "victoria", free_port())
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def history(victoria: Victoria) -> AsyncIterator[LineProtocolHistory]:
    opened = LineProtocolHistory(victoria.url, boolean_quantities=BOOLEANS)
    yield opened
    await opened.close()


def reading(at: int, device: str = "g1", received: int | None = None, **values: Value) -> Reading:
    return Reading(device, "gas_alarm", at, at + 50 if received is None else received, values)


async def settled(history: LineProtocolHistory, victoria: Victoria) -> None:
    await history.flush()
    victoria.settle()


def exact(points: list[Point], since: int) -> list[str]:
    return [f"{point.at - since} {point.quantity} {point.value!r} {point.quality.value}" for point in points]


@pytest.mark.victoria
async def test_values_come_back_from_a_real_server(history: LineProtocolHistory, victoria: Victoria, now: int) -> None:
    odd: dict[str, Value] = {
        "lel_pct": 312.407,
        "co_ppm": 24,
        "alarm": True,
        "sos": False,
        "small": 0.1,
        "negative": -273.15,
        "large": 2**53,
        "key": '双击 "x",a=b',
    }
    hard = 'd,e=v "1" 号\\ x'
    history.append(Lane.BULK, 7, [reading(now, hard, **odd), reading(now, "other", co_ppm=1)])
    await settled(history, victoria)
    expected = [f"0 {name} {odd[name]!r} good" for name in sorted(odd)]
    assert exact(await history.series(hard, None, now, now + 1), now) == expected
    assert exact(await history.latest(hard), now) == expected
    assert exact(await history.series(hard, "co_ppm", now, now + 1), now) == ["0 co_ppm 24 good"]
    assert await history.series(hard, None, now + 1, now + 2) == []
    heard = reading(now, hard.replace("\\", "_"), **dict(sorted(odd.items())))
    assert list(history.sorted_replay(now, now + 1, [hard])) == [heard]


@pytest.mark.victoria
async def test_the_position_survives_and_a_replay_shows_nothing_twice(
    history: LineProtocolHistory, victoria: Victoria, now: int
) -> None:
    history.append(Lane.BULK, 3, [reading(now, lel_pct=1)])
    history.append(Lane.URGENT, 9, [reading(now + 1, lel_pct=2)])
    history.append(Lane.BULK, 4, [])
    await settled(history, victoria)
    assert history.position() == {Lane.BULK: 4, Lane.URGENT: 9}
    # As after a crash between data and position: another writer knows nothing and writes the same again.
    again = LineProtocolHistory(victoria.url, boolean_quantities=BOOLEANS)
    assert again.position() == {Lane.BULK: 4, Lane.URGENT: 9}
    again._buffer = type(again._buffer)(100)
    again.append(Lane.BULK, 3, [reading(now, lel_pct=1)])
    again.append(Lane.BULK, 5, [reading(now + 2, lel_pct=3)])
    await settled(again, victoria)
    assert [point.value for point in await again.series("g1", None, now, now + DAY)] == [1, 2, 3]
    await again.close()


@pytest.mark.victoria
async def test_doubts_steps_pages_and_order(history: LineProtocolHistory, victoria: Victoria, now: int) -> None:
    start = now - now % HOUR
    doubted = Reading("g1", "gas_alarm", start, start, {"lel_pct": 900, "co_ppm": 1}, {"lel_pct": Quality.IMPLAUSIBLE})
    late = reading(start + 10_000, received=start + HOUR, lel_pct=2.5, alarm=True)
    soon = reading(start + 20_000, lel_pct=4, alarm=False)
    history.append(Lane.BULK, 1, [doubted, late, soon])
    await settled(history, victoria)
    whole = await history.series("g1", None, start, start + MINUTE)
    assert [(p.quantity, p.quality) for p in whole[:2]] == [
        ("co_ppm", Quality.GOOD),
        ("lel_pct", Quality.IMPLAUSIBLE),
    ]
    steps = await history.series("g1", None, start, start + MINUTE, MINUTE)
    assert exact(steps, start) == ["0 alarm False good", "0 co_ppm 1.0 good", "0 lel_pct 3.25 good"]
    first = await history.series("g1", None, start, start + MINUTE, limit=1)
    cursor = next_cursor(first, 1)
    rest = await history.series("g1", None, start, start + MINUTE, after=cursor)
    assert [*first, *rest] == whole
    replayed = list(history.sorted_replay(start, start + MINUTE))
    assert [one.received - start for one in replayed] == [0, 20_050, HOUR]
    assert replayed[0].doubts == {"lel_pct": Quality.IMPLAUSIBLE}
    await history.roll_up(now)
    await history.retain(now, 1, 1, 1)


@pytest.mark.victoria
async def test_a_server_that_is_away_keeps_readings_in_memory_until_it_is_back(
    history: LineProtocolHistory, victoria: Victoria, now: int
) -> None:
    victoria.stop()
    history.append(Lane.BULK, 1, [reading(now, lel_pct=1)])
    with pytest.raises(CannotWrite, match="took nothing"):
        await history.flush()
    assert (history.position(), history.pending, history.overflowed) == ({}, 1, False)
    victoria.start()
    await settled(history, victoria)
    assert [point.value for point in await history.series("g1", None, now, now + 1)] == [1]
    assert history.position() == {Lane.BULK: 1}


def test_a_server_that_is_away_at_the_start_is_told_plainly(free_port: Callable[[], int]) -> None:
    with pytest.raises(StoreError, match="did not answer"):
        LineProtocolHistory(f"http://127.0.0.1:{free_port()}")


def test_a_reading_becomes_a_line_of_doubles_booleans_and_text() -> None:
    mixed = Reading("g 1", "k", 5, 6, {"a": 24, "b": True, "c": 'x"\\', "d": 0.5}, {"d": Quality.CLOCK})
    assert list(lines([mixed], text_as_tags=False)) == [
        r'fengshao,device=g\ 1,kind=k a=24,b=true,c="x\"\\",received_ms=6 5',
        r"fengshao,device=g\ 1,kind=k,quality=clock d=0.5,received_ms=6 5",
    ]
    assert list(lines([mixed], text_as_tags=True))[:2] == [
        r"fengshao,device=g\ 1,kind=k a=24,b=true,received_ms=6 5",
        r'fengshao,device=g\ 1,kind=k,word=x"_ c=1 5',
    ]


ANNOTATED = """\
#group,false,false,true,true,false,false,true,true,true,true
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string,string
#default,_result,,,,,,,,,
,result,table,_start,_stop,_time,_value,_field,_measurement,device,kind
,,0,2026-11-21T00:00:00Z,2026-11-22T00:00:00Z,2026-11-21T12:00:00.123Z,312.407,lel_pct,fengshao,g1,gas_alarm
,,0,2026-11-21T00:00:00Z,2026-11-22T00:00:00Z,2026-11-21T12:01:00Z,24,lel_pct,fengshao,g1,gas_alarm

#group,false,false,true,true,false,false,true,true,true,true,true
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,boolean,string,string,string,string,string
#default,_result,,,,,,,,,,
,result,table,_start,_stop,_time,_value,_field,_measurement,device,kind,quality
,,1,2026-11-21T00:00:00Z,2026-11-22T00:00:00Z,2026-11-21T12:00:00Z,true,alarm,fengshao,g1,gas_alarm,retained

#group,false,false,true,true,false,false,true,true,true,true
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,string,string,string,string,string
#default,_result,,,,,,,,,
,result,table,_start,_stop,_time,_value,_field,_measurement,device,kind
,,2,2026-11-21T00:00:00Z,2026-11-22T00:00:00Z,2026-11-21T12:00:00Z,双击,key,fengshao,g1,gas_alarm

"""
POSITIONS = """\
#group,false,false,true,false
#datatype,string,long,string,double
#default,_result,,,
,result,table,lane,_value
,,0,bulk,12
,,1,urgent,7

"""
NOON = 1_795_262_400_000


class RecordedClient:
    """Answers every query with the same annotated CSV, parsed by influxdb-client itself."""

    def __init__(self, text: str) -> None:
        self.text, self.queries = text, list[str]()

    def query_api(self) -> Any:
        return SimpleNamespace(query_stream=self._stream)

    def _stream(self, query: str, **_: str) -> Any:
        self.queries.append(query)
        response = io.BytesIO(self.text.encode())
        return FluxCsvParser(response=response, serialization_mode=FluxSerializationMode.stream).generator()


def test_flux_answers_become_samples_with_their_types() -> None:
    client = RecordedClient(ANNOTATED)
    reader = InfluxDbReader(client, "org", 'bu"cket')
    found = list(reader.samples(NOON, NOON + DAY, "g1", "lel_pct"))
    assert found == [
        Sample("g1", "gas_alarm", "lel_pct", NOON + 123, 312.407),
        Sample("g1", "gas_alarm", "lel_pct", NOON + 60_000, 24),
        Sample("g1", "gas_alarm", "alarm", NOON, True, Quality.RETAINED),
        Sample("g1", "gas_alarm", "key", NOON, "双击"),
    ]
    assert repr(found[2].value) == "True"
    assert client.queries == [
        'from(bucket: "bu\\"cket") |> range(start: time(v: 1795262400000000000), stop: time(v: 1795348800000000000))'
        ' |> filter(fn: (r) => r._measurement == "fengshao" and r.device == "g1" and r._field == "lel_pct")'
    ]
    assert len(list(reader.newest("g1"))) == 4
    assert client.queries[-1].endswith("|> last()")


def test_flux_tells_the_positions() -> None:
    assert InfluxDbReader(RecordedClient(POSITIONS), "org", "b").position() == {Lane.BULK: 12, Lane.URGENT: 7}


def test_a_flux_server_that_is_away_is_told_plainly(free_port: Callable[[], int]) -> None:
    with pytest.raises(StoreError, match="InfluxDB did not answer"):
        LineProtocolHistory(f"http://127.0.0.1:{free_port()}", target="influxdb", timeout_s=1)
