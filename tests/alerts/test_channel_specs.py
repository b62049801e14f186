"""The table of channels: every name, address and content in it exists."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.channel_specs import CHANNELS, SPECS, Content, FollowUp, OverLimit, spec_of, stored_address
from alerts.channels.aliyun_sms import AliyunSms
from alerts.channels.logbook import Logbook
from alerts.channels.wecom import WeCom
from alerts.delivery.budget import Budget, counted_with
from alerts.message import MessageKind
from domain import DAY, HOUR, MINUTE, Person
from domain.recipients import ADDRESSES

LI = Person("li", "李强", phone="19900000003", wecom="liqiang", addresses={"email": "li@street.gov.cn"})


def test_every_channel_reads_an_address_that_people_can_have() -> None:
    assert len(set(CHANNELS)) == len(SPECS)
    assert {spec.address for spec in SPECS} <= {"", "phone", "wecom", *ADDRESSES}
    assert {name: stored_address(LI, name) for name in ("sms", "voice", "wecom", "email", "webhook", "logbook")} == {
        "sms": "19900000003",
        "voice": "19900000003",
        "wecom": "liqiang",
        "email": "li@street.gov.cn",
        "webhook": "",
        "logbook": "li",
    }
    assert stored_address(Person("a", "甲"), "wecom") == ""


@pytest.mark.parametrize("channel", [AliyunSms, WeCom, Logbook])
def test_a_class_and_its_line_agree(channel: Any) -> None:
    assert channel.idempotent is spec_of(channel.name).idempotent


def test_a_channel_that_was_removed_is_a_plain_message() -> None:
    gone = spec_of("pager")
    assert (gone.content, gone.follow_up, gone.coded) == (Content.TEXT, FollowUp.NONE, False)


def test_a_critical_call_by_phone_has_a_reserve_and_what_is_over_goes_to_the_next_channel() -> None:
    budget = Budget()
    ordinary = dict(budget.limits("voice", MessageKind.ALERT, critical=False))
    critical = dict(budget.limits("voice", MessageKind.ALERT, critical=True))
    assert (ordinary[HOUR], critical[HOUR], ordinary[DAY], critical[DAY]) == (3, 4, 10, 15)
    assert budget.over("voice") is OverLimit.REFUSE
    assert (budget.over("wecom"), budget.over("sms")) == (OverLimit.WAIT, OverLimit.SUMMARY)


def test_texts_have_limits_for_calls_and_follow_ups_but_none_for_critical_calls_and_answers() -> None:
    budget = Budget()
    assert (15 * MINUTE, 5) in budget.limits("sms", MessageKind.ALERT, critical=False)
    assert (15 * MINUTE, 6) in budget.limits("sms", MessageKind.RESOLVED, critical=True)
    assert budget.limits("sms", MessageKind.ALERT, critical=True) == ()
    assert budget.limits("sms", MessageKind.HINT, critical=False) == ()
    # WeCom counts every message to a member, so each kind has the limits of a card.
    assert budget.limits("wecom", MessageKind.RESOLVED, critical=False) == ((MINUTE, 20), (HOUR, 800))
    assert set(counted_with("wecom", MessageKind.ALERT)) == set(MessageKind)
