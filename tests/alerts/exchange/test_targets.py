"""Requests to targets: one body per event, signed; and what a response means."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from alerts.channels.cloudevents import InvalidSignature, decode, verify
from alerts.exchange.case_events import case_data
from alerts.exchange.messages import AlertChange
from alerts.exchange.retries import is_refused
from alerts.exchange.targets import SystemTarget, WebhookTarget, event_id
from domain.people import community
from domain.secret import Secret
from tests.alerts.exchange.builders import T0, a_message, an_alert, mapping

OLD, NEW = "an old secret of thirty-two bytes", "a new secret of thirty-two bytes!"
WEBHOOK = WebhookTarget("board", "https://board.example/hook", "urn:fengshao:maple", (Secret(NEW), Secret(OLD)))
HOTLINE = SystemTarget("hotline", "https://12345.example/in", "枫林街道", mapping(), (Secret(NEW),))
DATA = {
    **case_data(AlertChange(None, an_alert(due_at=T0 + 60_000)), community()),
    "external_id": "GD-1",
    "their_id": None,
    "case_number": "FS-31",
    "category": "燃气泄漏",
    "note": "",
    "photos": [4, 7],
}


def test_an_event_keeps_its_id_and_body_at_every_attempt() -> None:
    first, second = (WEBHOOK.request(a_message({"id": "31"}), now) for now in (T0, T0 + 90_000))
    event = decode(first.body)

    assert first.body == second.body
    assert (event.id, event.type, event.subject, event.time, event.data) == (
        "fengshao-5", "cn.fengshao.case.opened.v1", "case:31", T0, {"id": "31"}
    )  # fmt: skip
    assert event.extensions == {"sequence": "0000000000000005"}
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == event_id(a_message())
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_a_secret_can_be_exchanged_without_a_gap(secret: str) -> None:
    request = WEBHOOK.request(a_message(), T0)

    assert verify(request.headers, request.body, [secret], T0) == "fengshao-5"
    with pytest.raises(InvalidSignature):
        verify(request.headers, request.body + b" ", [secret], T0)


def test_a_report_is_written_in_their_fields() -> None:
    data = DATA | {"state": "派遣", "report": "acknowledged"}
    request = HOTLINE.request(a_message(data), T0)

    assert msgspec.json.decode(request.body) == {
        "工单号": "GD-1",
        "事件编号": "fengshao-5",
        "序号": 5,
        "状态": "派遣",
        "状态时间": "2026-11-21 22:05:00",
        "承办单位": "枫林街道",
        "说明": "",
        "附件": [],
    }
    assert request.headers["Content-Type"].startswith("application/json")
    verify(request.headers, request.body, [NEW], T0)


def test_a_case_is_handed_over_in_their_fields() -> None:
    body = msgspec.json.decode(HOTLINE.request(a_message(DATA | {"report": "handed_over", "text": "很浓"}), T0).body)

    assert body["来源编号"] == "FS-31"
    assert (body["紧急程度"], body["事发地址"], body["经度"], body["办理时限"], body["诉求内容"]) == (
        "特急", "枫林苑3栋402", None, "2026-11-21 22:06:00", "很浓"
    )  # fmt: skip
    without = msgspec.json.decode(
        HOTLINE.request(a_message(DATA | {"deadline_at": None, "report": "handed_over"}), T0).body
    )
    assert without["办理时限"] is None


def test_photos_are_referred_to_by_url_where_the_site_has_one() -> None:
    target = SystemTarget("hotline", "https://x", "枫林", mapping(), (Secret(NEW),), lambda photo, at: f"{photo}@{at}")
    body = msgspec.json.decode(target.request(a_message(DATA | {"state": "反馈", "report": "resolved"}), T0 + 9).body)

    assert body["附件"] == [f"4@{T0}", f"7@{T0}"]


def test_their_number_is_used_once_it_is_known() -> None:
    request = HOTLINE.request(a_message(DATA | {"their_id": "GD-77", "state": "结案", "report": "closed"}), T0)

    assert msgspec.json.decode(request.body)["工单号"] == "GD-77"


@pytest.mark.parametrize(
    ("status", "body", "accepted", "refused"),
    [
        (200, b'{"code": 0}', True, False),
        (200, b'{"code": "0"}', True, False),
        (200, b'{"code": 500, "msg": "no"}', False, True),
        (200, b"<html>", False, True),
        (200, b"", False, True),
        (503, b'{"code": 0}', False, False),
    ],
)
def test_http_200_is_no_success_for_a_system(status: int, body: bytes, accepted: bool, refused: bool) -> None:
    response = HOTLINE.read(status, {}, body)

    assert (response.accepted, is_refused(response)) == (accepted, refused)


@pytest.mark.parametrize(("status", "accepted"), [(200, True), (202, True), (204, True), (301, False), (500, False)])
def test_every_2xx_accepts_an_event_and_a_redirect_does_not(status: int, accepted: bool) -> None:
    response = WEBHOOK.read(status, {"Retry-After": "7"}, b"")

    assert response.accepted is accepted
    assert response.retry_after_ms == (0 if accepted else 7_000)


@pytest.mark.parametrize(
    ("body", "number"),
    [(b'{"code":0,"\xe5\xb7\xa5\xe5\x8d\x95\xe5\x8f\xb7":"GD-9"}', "GD-9"), (b"{}", None), (b"no", None)],
)
def test_their_number_is_read_from_the_response(body: bytes, number: str | None) -> None:
    assert HOTLINE.their_id(body) == number
    assert HOTLINE.id == "system:hotline"


def test_without_rules_of_theirs_every_2xx_is_accepted() -> None:
    changes: dict[str, Any] = {"report": mapping().report.model_copy(update={"accepted": {}})}
    target = SystemTarget("hotline", "https://x", "枫林", mapping().model_copy(update=changes), (Secret(NEW),))

    assert target.read(200, {}, b"").accepted
