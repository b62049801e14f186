"""The metrics of /metrics: dashboards and alarms of operators name them, so none may be lost or change its type."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import fields, replace
from prometheus_client.core import Metric

from alerts.handling.audit import AuditResult
from alerts.message import Delivery, MessageKind
from app.pipeline.counters import Counters
from app.pipeline.pipeline import Pipeline
from app.pipeline.timings import PipelineTimings
from app.server.metrics import (
    SendTimes,
    audit_metrics,
    history_metrics,
    intake_metrics,
    pipeline_metrics,
    process_metrics,
)
from domain import Lane
from ingest.mqtt.consumer import ConsumerStatus, SessionStatus
from store.history import ServerStatus

BEFORE = {
    ("fengshao_frames_total", "counter"),
    ("fengshao_readings_total", "counter"),
    ("fengshao_duplicates_total", "counter"),
    ("fengshao_findings_total", "counter"),
    ("fengshao_judging_faults_total", "counter"),
    ("fengshao_rule_trouble_total", "counter", "rule"),
    ("fengshao_refusals_total", "counter", "reason"),
    ("fengshao_notes_total", "counter", "kind"),
    ("fengshao_backlog_entries", "gauge"),
    ("fengshao_backlog_lane_entries", "gauge", "lane"),
    ("fengshao_rule_evaluations_total", "counter"),
    ("fengshao_shadowed_total", "counter", "phase", "rule"),
    ("fengshao_broker_connected", "gauge"),
    ("fengshao_intake_frames_total", "counter"),
    ("fengshao_intake_copies_total", "counter"),
    ("fengshao_intake_redelivered_total", "counter"),
    ("fengshao_intake_too_large_total", "counter"),
    ("fengshao_intake_urgent_left_out", "gauge"),
    ("fengshao_intake_journal_refuses", "gauge"),
    ("fengshao_session_connected", "gauge", "session"),
    ("fengshao_session_ready", "gauge", "session"),
    ("fengshao_session_granted", "gauge", "session"),
    ("fengshao_session_refused", "gauge", "session"),
    ("fengshao_session_pending_bytes", "gauge", "session"),
    ("fengshao_session_paused", "gauge", "session"),
    ("fengshao_alerts_without_next_step", "gauge"),
    ("fengshao_alerts_told_to_nobody", "gauge"),
}
"""Written down from the release before prometheus_client wrote them: name, type, labels."""


def series(families: Iterable[Metric]) -> set[tuple[str, ...]]:
    return {(one.name, family.type, *sorted(one.labels)) for family in families for one in family.samples}


@pytest.fixture
def pipeline() -> Pipeline:
    counters = Counters(readings=3, refusals=Counter(bad_value=2), device_events=Counter(online=1))
    state = SimpleNamespace(type_errors={"gas-low": 1}, evaluations=7, shadow_counts={"gas-high": {"began": 4}})
    engine = SimpleNamespace(state=state)
    backlog = SimpleNamespace(entries=5, waiting={Lane.URGENT: 0, Lane.BULK: 5})
    return cast(
        Any,
        SimpleNamespace(
            counters=counters, engine=engine, backlog=backlog, timings=PipelineTimings(), history_is_behind=True
        ),
    )


def session(name: str) -> SessionStatus:
    return SessionStatus(
        name=name,
        connected=True,
        ready=True,
        granted=3,
        refused={"secret/#": "not authorized"},
        pending_bytes=9,
        paused=False,
        last_error="",
    )


def intake() -> ConsumerStatus:
    return ConsumerStatus(
        urgent=session("urgent"),
        bulk=session("bulk"),
        frames=10,
        session_copies=2,
        redelivered=1,
        too_large=0,
        urgent_omitted=0,
        journal_error="",
    )


def test_no_metric_of_an_earlier_release_is_lost_or_changes_its_type(pipeline: Pipeline) -> None:
    now = series([*pipeline_metrics(pipeline), *intake_metrics(intake(), True), *audit_metrics(AuditResult())])

    assert BEFORE - now == set()
    assert {name for name, *_ in now - BEFORE} == {
        f"fengshao_{histogram}_{part}"
        for histogram in ("stage_seconds", "ingest_lag_seconds")
        for part in ("bucket", "count", "sum")
    } | {"fengshao_history_behind", "fengshao_alerts_without_verifier", "fengshao_messages_stuck"} | {
        "fengshao_broker_dropped_total"
    }


@pytest.mark.parametrize("field", [one.name for one in fields(ConsumerStatus) if one.type is not SessionStatus])
def test_every_field_of_the_intake_status_changes_a_metric(field: str) -> None:
    before = intake()
    value = "disk full" if field == "journal_error" else getattr(before, field) + 1
    assert samples_of(before) != samples_of(replace(before, **{field: value}))


@pytest.mark.parametrize("field", [one.name for one in fields(SessionStatus) if one.name not in ("name", "last_error")])
def test_every_field_of_a_session_changes_a_metric(field: str) -> None:
    """Except its name, which is a label, and the text of its last error, which is logged."""
    before = intake()
    values = {"refused": {}, "granted": 4, "pending_bytes": 10}
    changed = replace(before.bulk, **{field: values.get(field, not getattr(before.bulk, field))})
    assert samples_of(before) != samples_of(replace(before, bulk=changed))


def samples_of(status: ConsumerStatus) -> list[Any]:
    return [sample for family in intake_metrics(status, True) for sample in family.samples]


def test_values_are_those_of_the_counters(pipeline: Pipeline) -> None:
    values = {
        (one.name, *one.labels.values()): one.value
        for family in (*pipeline_metrics(pipeline), *intake_metrics(intake(), True))
        for one in family.samples
    }

    assert values["fengshao_readings_total",] == 3
    assert values["fengshao_refusals_total", "bad_value"] == 2
    assert values["fengshao_shadowed_total", "gas-high", "began"] == 4
    assert values["fengshao_backlog_lane_entries", "bulk"] == 5
    assert values["fengshao_broker_connected",] == 1
    assert values["fengshao_session_refused", "urgent"] == 1


def test_every_metric_has_a_help_text(pipeline: Pipeline) -> None:
    families = [*pipeline_metrics(pipeline), *intake_metrics(intake(), True), *SendTimes().collect()]

    assert [family.name for family in families if not family.documentation] == []


def delivery(kind: MessageKind) -> Delivery:
    values: dict[str, Any] = {"created_at": 1_000, "not_before": 1_000, "expires_at": 9_000, "kind": kind}
    words = dict.fromkeys(("id", "key", "person", "name", "role", "address"), "-")
    return Delivery(alert=1, round=0, rung=0, channel="wecom", priority=0, payload={}, **words, **values)


def test_only_the_first_call_about_an_alert_is_a_time_from_detection_to_sending() -> None:
    times = SendTimes()

    times.observe(delivery(MessageKind.ALERT), 1_150)
    times.observe(delivery(MessageKind.ESCALATE), 301_000)

    samples = {one.name: one for family in times.collect() for one in family.samples if "_bucket" not in one.name}
    assert samples["fengshao_detect_to_send_seconds_count"].value == 1
    assert samples["fengshao_detect_to_send_seconds_sum"].value == pytest.approx(0.15)
    assert samples["fengshao_detect_to_send_seconds_sum"].labels == {"channel": "wecom"}


def test_the_process_is_measured() -> None:
    names = {name for name, *_ in series(process_metrics())}

    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "python_info"} <= names


def test_every_metric_of_the_service_is_documented(pipeline: Pipeline) -> None:
    table = (Path(__file__).resolve().parents[3] / "docs" / "metrics.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(fengshao_\w+)` \| (\w+) \|", table, re.MULTILINE))
    families = (
        *pipeline_metrics(pipeline),
        *intake_metrics(intake(), True),
        *audit_metrics(AuditResult()),
        *SendTimes().collect(),
    )

    exposed = {
        (f"{family.name}_total" if family.type == "counter" else family.name, family.type) for family in families
    }

    assert exposed - documented == set()


def test_a_history_server_is_measured_and_an_embedded_history_is_not() -> None:
    status = ServerStatus("down", 7.5, 40, 900, 5, 6, {"type_conflict": 3}, {"small_timestamp": 2})
    assert list(history_metrics(None)) == []
    samples = {
        (one.name, *one.labels.values()): one.value for family in history_metrics(status) for one in family.samples
    }
    assert samples == {
        ("fengshao_history_server_up",): 0.0,
        ("fengshao_history_server_failing_seconds",): 7.5,
        ("fengshao_history_server_waiting_readings",): 40,
        ("fengshao_history_server_spool_bytes",): 900,
        ("fengshao_history_sent_total",): 5,
        ("fengshao_history_resent_total",): 6,
        ("fengshao_history_refused_total", "type_conflict"): 3,
        ("fengshao_history_left_out_total", "small_timestamp"): 2,
    }
