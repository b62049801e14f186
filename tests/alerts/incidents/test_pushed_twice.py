"""A provider's push is taken once: repeated by the provider, or by somebody who recorded it, it does nothing."""

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
async def told(town: Any, finding: Any) -> Any:
    """A town in which one alert was told to 王芳."""
    await town.service.process_findings([finding()])
    await town.send()
    return town


async def test_a_recorded_press_does_not_take_an_alert_back_that_was_returned_since(told: Any) -> None:
    press = ButtonPress("wangfang", "ack:1", told.clock(), "response-code-1")
    await told.service.receive([press], "wecom")
    assert told.alert().state is State.ACKNOWLEDGED
    await told.service.perform(1, "return", DISPATCHER, reason="换人")

    told.end()
    told.begin()  # a restart does not forget it
    await told.service.receive([press], "wecom")

    assert told.alert().state is State.RETURNED
    await told.service.receive([ButtonPress("wangfang", "ack:1", told.clock(), "response-code-2")], "wecom")
    assert told.alert().state is State.ACKNOWLEDGED


async def test_a_text_pushed_again_hours_later_is_not_a_second_answer(told: Any) -> None:
    person = next(one for one in told.deliveries() if one.channel == "sms")
    reply = InboundText(person.address, "11", told.clock(), "1234567891")
    await told.service.receive([reply], "sms")
    assert told.alert().state is State.ACKNOWLEDGED
    await told.service.perform(1, "return", DISPATCHER, reason="换人")

    await told.service.receive([reply], "sms")
    assert told.alert().state is State.RETURNED
    assert (await told.service.receive_text(person.address, "11", told.clock(), "")).status is ReplyStatus.DONE


async def test_two_texts_that_say_the_same_are_two_answers_where_the_provider_numbers_none(told: Any) -> None:
    person = next(one for one in told.deliveries() if one.channel == "sms")
    for _ in range(2):
        await told.service.receive([InboundText(person.address, "11", told.clock())], "sms")
        assert told.alert().state is State.ACKNOWLEDGED
        await told.service.perform(1, "return", DISPATCHER, reason="换人")


async def test_what_was_taken_is_forgotten_in_the_end(told: Any) -> None:
    def first(key: str, now: int) -> Any:
        return told.service.transact(lambda book: book.record_callback(key, now))

    now = told.clock()
    assert (await first("a", now), await first("a", now + RETENTION_MS)) == (True, False)
    assert await first("b", now + RETENTION_MS + DAY)
    assert await first("a", now + RETENTION_MS + DAY)


def test_the_number_of_a_text_is_read() -> None:
    channel = AliyunSms(None, AliyunSettings("k", "s", "枫树"), lambda: "1")  # type: ignore[arg-type]
    item = {"phone_number": "13800138000", "content": "31", "sequence_id": 1234567891}

    assert channel.receive({}, {}, json.dumps([item]).encode(), 5).events == (
        InboundText("13800138000", "31", 5, "1234567891"),
    )
