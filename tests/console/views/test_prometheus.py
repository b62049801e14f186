"""The text that Prometheus scrapes."""

from __future__ import annotations

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from console.views.prometheus import exposition


def test_metrics_are_written_as_prometheus_reads_them() -> None:
    readings = CounterMetricFamily("readings_total", "Readings admitted.", None, ["lane"])
    readings.add_metric(["urgent"], 3)
    readings.add_metric(['b"u\\lk\n'], 4.0)

    text = exposition([readings, GaugeMetricFamily("delay_seconds", "延迟。", 0.25)]).decode()

    assert text == (
        "# HELP readings_total Readings admitted.\n"
        "# TYPE readings_total counter\n"
        'readings_total{lane="urgent"} 3.0\n'
        'readings_total{lane="b\\"u\\\\lk\\n"} 4.0\n'
        "# HELP delay_seconds 延迟。\n"
        "# TYPE delay_seconds gauge\n"
        "delay_seconds 0.25\n"
    )
