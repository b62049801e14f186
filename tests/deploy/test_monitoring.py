"""Alarms and dashboard about the service itself: Prometheus understands them, and every metric they name exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.server.metrics import history_metrics, intake_metrics
from store.history import ServerStatus
from tests.app.server.test_metrics import intake

ROOT = Path(__file__).parents[2]
PROMETHEUS, DASHBOARD = ROOT / "deploy" / "prometheus", ROOT / "deploy" / "grafana" / "fengshao.json"
METRIC = re.compile(r"\b(?:fengshao|process)_[a-z0-9_]+")
OF_LIBRARIES = {"process_start_time_seconds", "process_open_fds", "process_max_fds", "process_cpu_seconds_total"} | {
    "process_resident_memory_bytes"
}
"""Of the process, from prometheus_client."""


def alarms() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "rules.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard_queries() -> Iterator[tuple[str, str]]:
    """(title of the panel, query with Grafana's variables replaced)."""
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")


def documented() -> set[str]:
    return set(re.findall(r"^\| `(fengshao_\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))


def metrics_of(query: str) -> set[str]:
    """The metrics of a query, a histogram by its own name."""
    return {re.sub(r"_(?:bucket|count|sum)$", "", name) for name in METRIC.findall(query)}


def exported() -> set[str]:
    """Names of metrics in the code, and those of sessions and history servers, whose names are put together."""
    sources = [path for package in ("app", "console") for path in (ROOT / package).rglob("*.py")]
    made = r'(?:MetricFamily|Histogram|_by_label)\(\s*"(fengshao_[a-z0-9_]+)"'
    found = {name for path in sources if "web" not in path.parts for name in re.findall(made, path.read_text())}
    families = (*intake_metrics(intake(), True), *history_metrics(ServerStatus()))
    return found | {one.name + ("_total" if one.type == "counter" else "") for one in families}


def promtool(*arguments: str | Path) -> None:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("PROMTOOL IS NOT ON THIS MACHINE (Debian: prometheus): alarms were not tried")
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_document_of_metrics_names_what_the_code_exports() -> None:
    assert documented() == exported()


def test_every_metric_of_an_alarm_and_of_the_dashboard_exists() -> None:
    known = documented() | OF_LIBRARIES
    queries = [*((alarm["alert"], alarm["expr"]) for alarm in alarms()), *dashboard_queries()]
    assert {(title, name) for title, query in queries for name in metrics_of(query) - known} == set()


NOT_SHOWN = {
    "fengshao_canary_seconds": "the alarm says which step failed; the page of the system has the times",
    "fengshao_exchange_requests_total": "the panel of outside systems shows what waits and for how long",
    "fengshao_history_sent_total": "what waits tells more",
    "fengshao_history_server_waiting_readings": "its bytes are shown",
    "fengshao_http_too_large_total": "of one client each; the log names it",
    "fengshao_intake_copies_total": "an ordinary consequence of two sessions",
    "fengshao_journal_not_copied_total": "the alarm about their lag comes first: the queue is full minutes later",
    "fengshao_notes_total": "messages without a measurement are no fault",
    "fengshao_session_connected": "both together are shown as the broker's connection",
    "fengshao_session_granted": "the alarm is about refused ones",
    "fengshao_session_pending_bytes": "the paused session is shown",
    "fengshao_session_ready": "both together are shown as the broker's connection",
    "fengshao_shadowed_total": "on the page of rules, by rule",
    "fengshao_stream_listeners": "open screens",
    "fengshao_traces_total": "of the collector's own dashboard",
}
"""Metrics that are on no panel and in no alarm, and why."""


def test_every_metric_is_on_the_dashboard_in_an_alarm_or_left_out_for_a_reason() -> None:
    queries = [*(alarm["expr"] for alarm in alarms()), *(query for _, query in dashboard_queries())]
    used = {name for query in queries for name in metrics_of(query)}
    assert documented() - used == NOT_SHOWN.keys()


def test_every_alarm_has_a_trial_texts_and_a_line_in_the_operations_manual() -> None:
    names = [alarm["alert"] for alarm in alarms()]
    assert len(set(names)) == len(names)
    trials = "".join(file.read_text() for file in PROMETHEUS.glob("*_test.yaml"))
    manual = (ROOT / "docs" / "operations.md").read_text()
    for alarm in alarms():
        assert f"- name: {alarm['alert']}\n" in trials, f"{alarm['alert']}: write a trial"
        assert f"| `{alarm['alert']}` |" in manual, f"{alarm['alert']}: say in docs/operations.md what to do"
        assert alarm["labels"]["severity"] in ("critical", "warning")
        assert re.search(r"[\u4e00-\u9fff]", alarm["annotations"]["summary"])
        assert alarm["annotations"]["summary_en"].isascii()


def test_prometheus_raises_each_alarm_when_it_should_and_no_other() -> None:
    promtool("check", "rules", PROMETHEUS / "rules.yaml")
    promtool("test", "rules", *sorted(PROMETHEUS.glob("*_test.yaml")))


def test_prometheus_understands_every_query_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"query:{number}", "expr": query} for number, (_, query) in enumerate(dashboard_queries())]
    assert len(rules) > 20
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", file)


def test_panels_of_the_dashboard_do_not_overlap_and_have_descriptions() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells
        assert panel["type"] == "row" or panel["description"]
    assert max(x for x, _ in taken) == 23
    assert len({panel["id"] for panel in panels}) == len(panels)
