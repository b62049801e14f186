"""The kinds of history server: how each is written and read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final, Literal

from influxdb_client.client.influxdb_client import InfluxDBClient
from msgspec import Struct

from domain import Reading
from store.history.remote.answers import Account, read_answer
from store.history.remote.influxdb import InfluxDbReader
from store.history.remote.influxdb3 import InfluxDb3Reader
from store.history.remote.influxdb3_answers import read_write_answer
from store.history.remote.line_protocol import lines, table_lines
from store.history.remote.samples import SampleReader
from store.history.remote.server import HistoryServer
from store.history.remote.victoriametrics import VictoriaMetricsReader

Target = Literal["victoriametrics", "influxdb", "influxdb3"]


class TargetServer(Struct, frozen=True):
    """One server by its kind. `boolean_quantities`: read back as booleans where VictoriaMetrics has them as numbers."""

    target: Target
    url: str
    token: str
    account: Account
    boolean_quantities: Collection[str] = ()

    @property
    def confirms(self) -> bool:
        """Whether the server may lose the last seconds of what it accepted."""
        return self.target == "victoriametrics"

    @property
    def readings_per_write(self) -> int:
        """InfluxData's advice for one request; InfluxDB 3 answers once a second, when it has written its log."""
        return 20_000 if self.target == "influxdb3" else 5_000

    def lines(self, readings: Iterable[Reading]) -> Iterator[str]:
        """Line protocol as this server takes it."""
        return _LINES[self.target](readings)

    def writer(self, timeout_s: float) -> HistoryServer:
        """The HTTP side of writing."""
        if self.target == "influxdb3":
            parameters = {
                "db": self.account.bucket,
                "precision": "millisecond",
                "accept_partial": "true",
                "no_sync": "false",
            }
            return HistoryServer(
                self.url,
                self.token,
                self.account,
                timeout_s,
                path="/api/v3/write_lp",
                parameters=parameters,
                read=read_write_answer,
            )
        parameters = {"org": self.account.org, "bucket": self.account.bucket, "precision": "ms"}
        return HistoryServer(
            self.url,
            self.token,
            self.account,
            timeout_s,
            path="/api/v2/write",
            parameters=parameters,
            read=read_answer,
        )

    def reader(self, timeout_s: float) -> SampleReader:
        """The reading side."""
        if self.target == "victoriametrics":
            return VictoriaMetricsReader(
                self.url, token=self.token, boolean_quantities=self.boolean_quantities, timeout_s=timeout_s
            )
        if self.target == "influxdb3":
            return InfluxDb3Reader(self.url, self.token, self.account, timeout_s)
        client = InfluxDBClient(self.url, token=self.token, org=self.account.org, timeout=round(timeout_s * 1000))
        return InfluxDbReader(client, self.account)


_LINES: Final[dict[Target, Callable[[Iterable[Reading]], Iterator[str]]]] = {
    "victoriametrics": lambda readings: lines(readings, text_as_tags=True),
    "influxdb": lambda readings: lines(readings, text_as_tags=False),
    "influxdb3": table_lines,
}
