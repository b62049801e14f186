"""Spans of a danger: derived ids, and an error where it was told to nobody."""

from __future__ import annotations

from alerts.message import DeliveryState
from app.server.traces import request_of, spans_of
from tests.alerts.test_silence import NOW, finding
from tests.support.alerts import alert_of, delivery_of


def test_a_danger_that_no_provider_accepted_is_an_error_and_a_repeated_export_has_the_same_ids() -> None:
    alert = alert_of(finding(), id=7)
    failed = [delivery_of(7, 1, NOW, state=DeliveryState.DEAD)]
    spans = spans_of(alert, NOW, failed, "urn:town")
    assert [(span["name"], span["status"]["code"]) for span in spans] == [
        ("danger", 2),
        ("evaluate", 1),
        ("delivery", 2),
    ]
    assert spans_of(alert, NOW, failed, "urn:town") == spans
    assert spans_of(alert, NOW, failed, "urn:other")[0]["traceId"] != spans[0]["traceId"]


def test_a_request_names_the_service_and_has_whole_numbers_as_text() -> None:
    (resource,) = request_of(spans_of(alert_of(finding(), id=7), NOW, [], "urn:town"), "fengshao", "0.1.0")[
        "resourceSpans"
    ]
    attributes = {one["key"]: one["value"] for one in resource["resource"]["attributes"]}
    assert attributes == {"service.name": {"stringValue": "fengshao"}, "service.version": {"stringValue": "0.1.0"}}
    facts = {one["key"]: one["value"] for one in resource["scopeSpans"][0]["spans"][0]["attributes"]}
    assert facts["fengshao.alert"] == {"intValue": "7"}
