"""Flux queries and their answers."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from influxdb_client.client.flux_csv_parser import FluxCsvParser, FluxSerializationMode

from domain import DAY, Lane, Quality
from store.errors import StoreError
from store.history.remote.answers import Account
from store.history.remote.history import LineProtocolHistory
from store.history.remote.influxdb import InfluxDbReader
from store.history.remote.samples import Sample

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
    reader = InfluxDbReader(client, Account("org", 'bu"cket', "T"))
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
        ' |> filter(fn: (r) => r._measurement == "fengshao" and r.device == "g1"'
        ' and (r._field == "lel_pct" or r._field == "lel_pct:bool" or r._field == "lel_pct:text"))'
    ]
    assert len(list(reader.newest("g1"))) == 4
    assert client.queries[-1].endswith("|> last()")


def test_flux_returns_the_positions() -> None:
    assert InfluxDbReader(RecordedClient(POSITIONS), Account("org", "b", "T")).position() == {
        Lane.BULK: 12,
        Lane.URGENT: 7,
    }


def test_a_flux_server_that_is_unreachable_raises_a_store_error(free_port: Callable[[], int], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="InfluxDB did not answer"):
        LineProtocolHistory(f"http://127.0.0.1:{free_port()}", tmp_path, target="influxdb", timeout_s=1)


def test_an_empty_text_of_an_earlier_version_is_a_text() -> None:
    client = RecordedClient(ANNOTATED.replace("双击", ""))
    found = list(InfluxDbReader(client, Account("org", "b", "T")).newest("g1"))
    assert found[-1].value == ""
