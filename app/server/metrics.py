"""Metric families of the running service for /metrics, computed from its counters at each scrape.

Histograms are updated where they are measured (app.pipeline.timings, SendTimes) and only collected here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from alerts.cases.canary import CanaryResult
from alerts.exchange.sender import TargetCounts
from alerts.handling.audit import AuditResult
from alerts.message import Delivery, MessageKind
from app.pipeline.pipeline import Pipeline
from domain import SECOND, Instant
from ingest.mqtt.consumer import ConsumerStatus, MqttConsumer, SessionStatus
from store.history import ServerStatus

SEND_BUCKETS_S: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class SendTimes:
    """How long it takes from opening an alert until a provider accepts the message about it, by channel."""

    def __init__(self) -> None:
        self._histogram = Histogram(
            "fengshao_detect_to_send_seconds",
            "From opening an alert until the provider accepted a message about it; first calls only.",
            ["channel"],
            buckets=SEND_BUCKETS_S,
            registry=None,
        )

    def observe(self, delivery: Delivery, accepted_at: Instant) -> None:
        """A provider accepted this message. Escalations and follow-ups wait on purpose and are not measured."""
        if delivery.kind is MessageKind.ALERT:
            self._histogram.labels(delivery.channel).observe((accepted_at - delivery.created_at) / SECOND)

    def collect(self) -> Iterable[Metric]:
        return self._histogram.collect()


def service_metrics(
    pipeline: Pipeline,
    consumer: MqttConsumer,
    audited: AuditResult,
    send_times: SendTimes,
    canary: CanaryResult | None = None,
) -> Iterator[Metric]:
    """All metric families of the service; the console adds its own."""
    yield from pipeline_metrics(pipeline)
    yield from intake_metrics(consumer.status(), consumer.ready)
    yield from audit_metrics(audited)
    yield from canary_metrics(canary)
    yield from send_times.collect()
    yield from process_metrics()


def process_metrics() -> Iterator[Metric]:
    """CPU, memory and open files of this process (Linux), garbage collection, and the version of Python."""
    for collector in (PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
        yield from collector.collect()


def exchange_metrics(counts: Mapping[str, TargetCounts]) -> Iterator[Metric]:
    """Requests to subscribers and outside systems since the start. What waits: `/api/v1/exchange/targets`."""
    requests = CounterMetricFamily(
        "fengshao_exchange_requests_total", "Requests to outside targets.", None, ["target", "outcome"]
    )
    for target, count in sorted(counts.items()):
        for outcome in ("accepted", "failed", "refused", "dead"):
            requests.add_metric([target, outcome], getattr(count, outcome))
    yield requests


def settings_metrics(unusable: Mapping[str, str]) -> Iterator[Metric]:
    """Parts of the configuration that this start left out."""
    parts = GaugeMetricFamily("fengshao_settings_refused", "1 for a part that is not used.", None, ["part"])
    for part in sorted(unusable):
        parts.add_metric([part], 1)
    yield parts


def history_metrics(status: ServerStatus | None) -> Iterator[Metric]:
    """How the history server takes readings; nothing for a history without a server."""
    if status is None:
        return
    gauges = (
        ("up", "0 while the history server takes nothing.", float(not status.problem)),
        ("failing_seconds", "How long it has taken nothing.", status.failing_s),
        ("waiting_readings", "Readings on disk that it has not accepted.", status.waiting_readings),
        ("spool_bytes", "What lies on disk until it surely has it.", status.spool_bytes),
    )
    for name, text, value in gauges:
        yield GaugeMetricFamily(f"fengshao_history_server_{name}", text, value)
    yield CounterMetricFamily("fengshao_history_sent_total", "Readings that it accepted.", status.sent)
    yield CounterMetricFamily(
        "fengshao_history_resent_total", "Readings sent again because it restarted.", status.resent
    )
    yield _by_label("fengshao_history_refused_total", "Values that it refused.", "reason", status.refused)
    yield _by_label("fengshao_history_left_out_total", "Rows that it says it dropped.", "reason", status.left_out)


def pipeline_metrics(pipeline: Pipeline) -> Iterator[Metric]:
    """Counters of the pipeline and of the rule engine, and what waits to be evaluated."""
    counters, engine = pipeline.counters, pipeline.engine
    yield CounterMetricFamily("fengshao_frames_total", "Messages taken from the journal.", counters.frames)
    yield CounterMetricFamily("fengshao_readings_total", "Readings evaluated.", counters.readings)
    yield CounterMetricFamily("fengshao_duplicates_total", "Repeated messages that were dropped.", counters.duplicates)
    yield CounterMetricFamily("fengshao_findings_total", "Findings passed to the alert desk.", counters.findings)
    yield CounterMetricFamily(
        "fengshao_judging_faults_total",
        "Readings and timers whose evaluation failed by an error of ours.",
        counters.internal_errors,
    )
    yield _by_label(
        "fengshao_rule_trouble_total", "Values that a rule could not evaluate.", "rule", engine.state.type_errors
    )
    yield _by_label("fengshao_refusals_total", "Messages that became no reading.", "reason", counters.refusals)
    yield _by_label("fengshao_notes_total", "Messages without a measurement.", "kind", counters.device_events)
    yield GaugeMetricFamily("fengshao_backlog_entries", "Journal entries not yet evaluated.", pipeline.backlog.entries)
    lanes = GaugeMetricFamily("fengshao_backlog_lane_entries", "The same by lane.", None, ["lane"])
    for lane, waiting in pipeline.backlog.waiting.items():
        lanes.add_metric([lane.value], waiting)
    yield lanes
    yield CounterMetricFamily(
        "fengshao_rule_evaluations_total", "Conditions compared with a value.", engine.state.evaluations
    )
    shadowed = CounterMetricFamily(
        "fengshao_shadowed_total", "Findings of rules in shadow mode, which notify nobody.", None, ["rule", "phase"]
    )
    for rule, phases in sorted(engine.state.shadow_counts.items()):
        for phase, number in sorted(phases.items()):
            shadowed.add_metric([rule, phase], number)
    yield shadowed
    behind = float(pipeline.history_is_behind)
    yield GaugeMetricFamily("fengshao_history_behind", "1 while new readings are in the journal only.", behind)
    yield from pipeline.timings.collect()


def intake_metrics(status: ConsumerStatus, connected: bool) -> Iterator[Metric]:
    """The intake's status: what the broker grants and refuses, what waits, what was left out."""
    yield GaugeMetricFamily("fengshao_broker_connected", "1 while both sessions are granted.", float(connected))
    yield CounterMetricFamily("fengshao_intake_frames_total", "Messages journaled.", status.frames)
    yield CounterMetricFamily(
        "fengshao_intake_copies_total", "Copies of the other session's messages.", status.session_copies
    )
    yield CounterMetricFamily(
        "fengshao_intake_redelivered_total", "Messages that the broker sent again.", status.redelivered
    )
    yield CounterMetricFamily(
        "fengshao_intake_too_large_total", "Messages of which only the beginning was stored.", status.too_large
    )
    yield GaugeMetricFamily(
        "fengshao_intake_urgent_left_out", "Urgent devices beyond intake.urgent_filters_max.", status.urgent_omitted
    )
    yield CounterMetricFamily("fengshao_broker_dropped_total", "Messages that the broker dropped.", status.dropped)
    yield GaugeMetricFamily(
        "fengshao_intake_journal_refuses", "1 while nothing can be journaled.", float(bool(status.journal_error))
    )
    yield from _session_metrics((status.urgent, status.bulk))


def audit_metrics(audited: AuditResult) -> Iterator[Metric]:
    """What the last audit of open alerts found. Both must be 0."""
    yield GaugeMetricFamily(
        "fengshao_alerts_without_next_step", "Open alerts that no timer will move on.", audited.orphans
    )
    yield GaugeMetricFamily(
        "fengshao_alerts_told_to_nobody", "Open dangers of which no message reached anybody.", audited.unnotified
    )
    yield GaugeMetricFamily(
        "fengshao_alerts_without_verifier", "Dangers dealt with that nobody is asked to verify.", audited.unverified
    )
    yield GaugeMetricFamily("fengshao_messages_stuck", "Messages that no sender takes.", audited.stuck)
    if audited.at is not None:
        yield GaugeMetricFamily("fengshao_audit_timestamp_seconds", "When it was made.", audited.at / SECOND)


def canary_metrics(result: CanaryResult | None) -> Iterator[Metric]:
    """The last self-test: when, whether it passed, and how long each step took."""
    if result is None:
        return
    yield GaugeMetricFamily("fengshao_canary_timestamp_seconds", "When the last self-test began.", result.at / SECOND)
    yield GaugeMetricFamily("fengshao_canary_passed", "1 when the last self-test passed.", float(not result.problem))
    steps = GaugeMetricFamily(
        "fengshao_canary_seconds", "From publishing the message of the self-test to each step.", None, ["step"]
    )
    for step, reached_ms in result.steps.items():
        if reached_ms is not None:
            steps.add_metric([step], reached_ms / SECOND)
    yield steps


def _session_metrics(sessions: Sequence[SessionStatus]) -> Iterator[Metric]:
    families = (
        ("connected", "1 while the session is connected.", lambda session: session.connected),
        ("ready", "1 while every filter is answered.", lambda session: session.ready),
        ("granted", "Subscription filters granted.", lambda session: session.granted),
        ("refused", "Subscription filters refused.", lambda session: len(session.refused)),
        ("pending_bytes", "Bytes not yet journaled.", lambda session: session.pending_bytes),
        ("paused", "1 while its socket is not read.", lambda session: session.paused),
    )
    for name, text, value in families:
        family = GaugeMetricFamily(f"fengshao_session_{name}", text, None, ["session"])
        for session in sessions:
            family.add_metric([session.name], float(value(session)))
        yield family


def _by_label(name: str, text: str, label: str, numbers: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, text, None, [label])
    for value, number in sorted(numbers.items()):
        family.add_metric([value], number)
    return family
