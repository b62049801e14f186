"""Texts and types through line protocol, a server and its CSV answer."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from influxdb_client.client.flux_csv_parser import FluxCsvParser, FluxSerializationMode

from domain import Reading, Value
from simulators.providers.influxdb import flux
from simulators.providers.influxdb.points import parse_points
from simulators.providers.influxdb.storage import Bucket
from store.history.remote.answers import Account
from store.history.remote.fields import decode_text, encode_text, field_name, field_names, quantity_of
from store.history.remote.influxdb import InfluxDbReader
from store.history.remote.line_protocol import lines, parse_line

NOW = 1_795_262_400_000
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text(
    "\n\r\t\"'\\%,= #:枫\0", max_size=12
)
ANY_VALUE = ANY_TEXT | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)


class ServerInMemory:
    """Answers queries with what was written, in the CSV of a real server, parsed by influxdb-client itself."""

    def __init__(self) -> None:
        self.bucket = Bucket("2.8")

    def write(self, text: str) -> None:
        points, unparsed = parse_points(text, "ms", 0)
        assert (unparsed, self.bucket.write(points, NOW)) == ("", "")

    def query_api(self) -> Any:
        return SimpleNamespace(query_stream=self._stream)

    def _stream(self, query: str, **_: str) -> Any:
        answer = io.BytesIO(flux.run(flux.parse(query), self.bucket.values()).encode())
        return FluxCsvParser(response=answer, serialization_mode=FluxSerializationMode.stream).generator()


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["level", "key", "alarm", "note"]), ANY_VALUE, min_size=1),
    st.text("ab ,=", min_size=1),
)
def test_s5_every_value_reads_back_as_it_was_sent(values: dict[str, Value], device: str) -> None:
    server = ServerInMemory()
    sent = Reading(device, "gas_alarm", NOW, NOW, values)
    written = list(lines([sent], text_as_tags=False))
    assert [str(parse_line(line)) for line in written] == written
    server.write("\n".join(written))
    reader = InfluxDbReader(server, Account("o", "b", "T"))
    found = {sample.quantity: sample.value for sample in reader.samples(NOW, NOW + 1, device, None)}
    assert found.pop("received_ms") == NOW
    assert {name: (type(value) is bool, value) for name, value in found.items()} == {
        name: (type(value) is bool, value) for name, value in values.items()
    }


@given(ANY_TEXT)
def test_an_encoded_text_is_one_line_and_decodes(text: str) -> None:
    encoded = encode_text(text)
    assert decode_text(encoded) == text
    assert encoded
    assert not set(encoded) & set("\n\r\\\0\u2028")


def test_the_type_is_part_of_the_field_name_and_numbers_keep_the_quantitys_own() -> None:
    assert [field_name("level", value) for value in (1, 1.5, True, "x")] == [
        "level",
        "level",
        "level:bool",
        "level:text",
    ]
    assert {quantity_of(name) for name in field_names("level")} == {"level"}
