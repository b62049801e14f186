"""A callback of a provider is processed once: repeated by the provider or replayed, it has no effect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alerts.alert import Actor, ResponseSource, State
from alerts.channels.aliyun_sms import AliyunSettings, AliyunSms
from alerts.channels.channel import ButtonPress, InboundText
from alerts.handling.replies import ReplyStatus
from domain import DAY
from store.database.alerts.callbacks import RETENTION_MS

DISPATCHER = Actor("d-1", "调度", ResponseSource.SCREEN, "dispatcher")


@pytest.fixture
async def notified_harness(harness: Any, finding: Any) -> Any:
    """The harness with one alert that was sent to 王芳."""
    await harness.service.process_findings([finding()])
    await harness.send()
    return harness


async def test_a_replayed_button_press_does_not_acknowledge_an_alert_returned_since(notified_harness: Any) -> None:
    press = ButtonPress("wangfang", "ack:1", notified_harness.clock(), "response-code-1")
    await notified_harness.service.receive([press], "wecom")
    assert notified_harness.alert().state is State.ACKNOWLEDGED
    await notified_harness.service.perform(1, "return", DISPATCHER, reason="换人")

    notified_harness.stop()
    notified_harness.start()  # the record survives a restart
    await notified_harness.service.receive([press], "wecom")

    assert notified_harness.alert().state is State.RETURNED
    await notified_harness.service.receive(
        [ButtonPress("wangfang", "ack:1", notified_harness.clock(), "response-code-2")], "wecom"
    )
    assert notified_harness.alert().state is State.ACKNOWLEDGED


async def test_a_text_pushed_again_hours_later_is_no_second_reply(notified_harness: Any) -> None:
    delivery = next(row for row in notified_harness.deliveries() if row.channel == "sms")
    reply = InboundText(delivery.address, "11", notified_harness.clock(), "1234567891")
    await notified_harness.service.receive([reply], "sms")
    assert notified_harness.alert().state is State.ACKNOWLEDGED
    await notified_harness.service.perform(1, "return", DISPATCHER, reason="换人")

    await notified_harness.service.receive([reply], "sms")
    assert notified_harness.alert().state is State.RETURNED
    assert (
        await notified_harness.service.receive_text(delivery.address, "11", notified_harness.clock(), "")
    ).status is ReplyStatus.DONE


async def test_two_equal_texts_without_a_sequence_number_are_two_replies(notified_harness: Any) -> None:
    delivery = next(row for row in notified_harness.deliveries() if row.channel == "sms")
    for _ in range(2):
        await notified_harness.service.receive([InboundText(delivery.address, "11", notified_harness.clock())], "sms")
        assert notified_harness.alert().state is State.ACKNOWLEDGED
        await notified_harness.service.perform(1, "return", DISPATCHER, reason="换人")


async def test_callbacks_are_forgotten_after_the_retention_time(notified_harness: Any) -> None:
    def is_new(key: str, now: int) -> Any:
        return notified_harness.service.transact(lambda store: store.record_callback(key, now))

    now = notified_harness.clock()
    assert (await is_new("a", now), await is_new("a", now + RETENTION_MS)) == (True, False)
    assert await is_new("b", now + RETENTION_MS + DAY)
    assert await is_new("a", now + RETENTION_MS + DAY)


def test_the_sequence_number_of_a_text_is_parsed() -> None:
    channel = AliyunSms(None, AliyunSettings("k", "s", "枫树"), lambda: "1")  # type: ignore[arg-type]
    item = {"phone_number": "13800138000", "content": "31", "sequence_id": 1234567891}

    assert channel.receive({}, {}, json.dumps([item]).encode(), 5).events == (
        InboundText("13800138000", "31", 5, "1234567891"),
    )
