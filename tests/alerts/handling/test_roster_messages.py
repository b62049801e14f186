"""What colleagues are told about the roster: a swap to answer, its end, turns and leave that others registered."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from alerts.message import Delivery, DeliveryState, MessageKind
from alerts.ports import Transaction
from domain import DAY, HOUR, Finding
from domain.rosters import Override, OverrideKind, Swap, SwapState
from simulators.providers.faults import Fault, FaultKind
from store.database.alerts.repository import SqlAlertStore
from tests.alerts.conftest import PEOPLE, START, AlertHarness

SWAP = Swap("s-1", "chen", "sun", START + DAY, START + DAY + 12 * HOUR, START + DAY, reason="孩子家长会")
CODE, LINK = "20481632", "/swap#signed"


def write(harness: AlertHarness, work: Callable[[Transaction], object]) -> None:
    harness.database.write_blocking(lambda tx: work(Transaction(SqlAlertStore(tx), harness.clock.now)))


def rows_about(harness: AlertHarness, about: str) -> list[Delivery]:
    return harness.database.write_blocking(lambda tx: SqlAlertStore(tx).deliveries_about(about))


async def test_a_colleague_reads_the_swap_on_the_phone_and_the_asker_reads_the_answer(harness: AlertHarness) -> None:
    messages = harness.service.roster_messages
    write(harness, lambda tx: messages.swap_asked(tx, SWAP, CODE, LINK))
    await harness.send()
    [asked] = harness.texts("sun")
    assert asked == "【枫树社区】陈静请您代班：1月3日14:05起12小时。答复请打开https://fs.example.cn/s输入20481632"
    assert len(asked) <= 70
    write(harness, lambda tx: messages.swap_asked(tx, SWAP, CODE, LINK))
    await harness.send()
    assert len(harness.texts("sun")) == 1, "the same question is sent once"

    agreed = structs.replace(SWAP, state=SwapState.ACCEPTED, answered_at=harness.clock.now)
    write(harness, lambda tx: messages.swap_answered(tx, agreed))
    await harness.send()
    assert harness.texts("chen") == ["【枫树社区】孙磊同意代班：1月3日14:05起12小时，已生效。"]
    [question, answer] = rows_about(harness, "swap:s-1")
    assert (question.alert, question.state, answer.kind) == (None, DeliveryState.ACCEPTED, MessageKind.SWAP_AGREED)


async def test_a_refusal_gives_the_reason_and_a_withdrawn_question_is_not_sent(harness: AlertHarness) -> None:
    messages = harness.service.roster_messages
    back = structs.replace(SWAP, back_since=START + 2 * DAY, back_until=START + 2 * DAY + HOUR)
    declined = structs.replace(back, state=SwapState.DECLINED, answer_reason="那天出差")
    write(harness, lambda tx: messages.swap_answered(tx, declined))
    other = structs.replace(SWAP, id="s-2")
    write(harness, lambda tx: messages.swap_asked(tx, other, CODE, LINK))
    write(harness, lambda tx: messages.swap_withdrawn(tx, other, "chen"))
    await harness.send()
    [refused] = harness.texts("chen")
    assert refused == "【枫树社区】孙磊不同意换班：1月3日14:05起12小时，排班不变。说明：那天出差"
    assert harness.texts("sun") == ["【枫树社区】陈静撤回代班：1月3日14:05起12小时，按原排班值班。"]
    assert [row.state for row in rows_about(harness, "swap:s-2")] == [DeliveryState.SKIPPED, DeliveryState.ACCEPTED]


async def test_a_question_at_night_waits_for_the_morning_unless_the_turn_comes_before(harness: AlertHarness) -> None:
    harness.clock.now = START + 9 * HOUR  # 23:05
    messages = harness.service.roster_messages
    write(harness, lambda tx: messages.swap_asked(tx, SWAP, CODE, LINK))
    soon = structs.replace(SWAP, id="s-3", since=START + 17 * HOUR, expires_at=START + 17 * HOUR)
    write(harness, lambda tx: messages.swap_asked(tx, soon, CODE, LINK))
    await harness.send()
    assert len(harness.texts("sun")) == 1
    await harness.advance_time(8 * 3600)
    assert len(harness.texts("sun")) == 2


async def test_a_phone_that_is_out_of_order_is_followed_by_the_next_channel(harness: AlertHarness) -> None:
    sun = structs.replace(PEOPLE["sun"], addresses={"email": "sun@example.cn"})
    harness.people = structs.replace(harness.people, people={**PEOPLE, "sun": sun})
    harness.service.escalator.outbox.enabled |= {"email"}
    harness.sms_server.faults.schedule(Fault(FaultKind.REJECT, "isv.MOBILE_NUMBER_ILLEGAL"))
    write(harness, lambda tx: harness.service.roster_messages.swap_asked(tx, SWAP, CODE, LINK))
    await harness.send()
    failed, mail = rows_about(harness, "swap:s-1")
    assert (failed.state, failed.code) == (DeliveryState.FAILED, "isv.MOBILE_NUMBER_ILLEGAL")
    assert (mail.channel, mail.address, mail.state) == ("email", "sun@example.cn", DeliveryState.PENDING)
    assert "https://fs.example.cn/swap#signed" in str(mail.payload["text"])
    assert "孩子家长会" in str(mail.payload["text"])


async def test_a_question_that_the_provider_never_received_is_sent_after_the_lookup(harness: AlertHarness) -> None:
    harness.sms_server.faults.schedule(Fault(FaultKind.HTTP, status=502, accepted=False))
    write(harness, lambda tx: harness.service.roster_messages.swap_asked(tx, SWAP, CODE, LINK))
    await harness.send()
    assert [row.state for row in rows_about(harness, "swap:s-1")] == [DeliveryState.UNKNOWN]
    harness.clock.now += 6_000
    await harness.send()
    assert len(harness.texts("sun")) == 1
    assert [row.state for row in rows_about(harness, "swap:s-1")] == [DeliveryState.ACCEPTED]


async def test_turns_and_leave_registered_by_the_desk_are_notified_and_own_ones_are_not(harness: AlertHarness) -> None:
    messages = harness.service.roster_messages
    leave = Override("o-1", OverrideKind.LEAVE, "chen", START + DAY, START + 3 * DAY, "sun", leave="病假", made_by="t1")
    write(harness, lambda tx: messages.override_registered(tx, leave))
    own = structs.replace(leave, id="o-2", made_by="chen", substitute=None)
    write(harness, lambda tx: messages.override_registered(tx, own))
    write(harness, lambda tx: messages.override_removed(tx, leave, "t1"))
    await harness.send()
    hours = "1月3日14:05至1月5日14:05"
    assert harness.texts("chen") == [
        f"【枫树社区】已登记您病假：{hours}，期间不派警。",
        f"【枫树社区】您的病假已取消：{hours}，按原排班值班。",
    ]
    assert harness.texts("sun") == [
        f"【枫树社区】已安排您替陈静值班：{hours}。有问题请联系排班人。",
        f"【枫树社区】不用替陈静值班了：{hours}，按原排班值班。",
    ]


async def test_no_after_a_question_about_a_swap_declines_no_call(
    harness: AlertHarness, finding: Callable[..., Finding]
) -> None:
    """王芳 has an open gas alert and is asked about a swap after it: her 不行 must not pass the alert on."""
    await harness.service.process_findings([finding()])
    await harness.send()
    harness.people = structs.replace(
        harness.people, people={**PEOPLE, "wang": structs.replace(PEOPLE["wang"], wecom=None)}
    )
    harness.clock.now += 5_000
    asked = structs.replace(SWAP, other="wang")
    write(harness, lambda tx: harness.service.roster_messages.swap_asked(tx, asked, CODE, LINK))
    await harness.send()
    result = await harness.service.receive_text(str(PEOPLE["wang"].phone), "不行", harness.clock.now)
    assert result.status.value == "unclear"
    assert harness.alert().passed == ()
    await harness.send()
    assert "没看懂您的回复" in harness.texts("wang")[-1]


async def test_a_colleague_without_any_address_is_sent_nothing_and_a_late_failure_is_not_repeated(
    harness: AlertHarness,
) -> None:
    messages = harness.service.roster_messages
    unknown = structs.replace(SWAP, id="s-7", other="nobody")
    write(harness, lambda tx: messages.swap_asked(tx, unknown, CODE, LINK))
    assert rows_about(harness, "swap:s-7") == []
    write(harness, lambda tx: messages.swap_asked(tx, SWAP, CODE, LINK))
    harness.clock.now = SWAP.expires_at
    await harness.send()
    [expired] = rows_about(harness, "swap:s-1")
    assert (expired.state, harness.texts("sun")) == (DeliveryState.EXPIRED, [])
