"""What the people at the phones know of what they have read and answered."""

from __future__ import annotations

from app.score.people import TYPING_MS, Knowledge
from app.score.records import NetworkEvent

PHONE, ALERT = "19900000001", 7
CALL = "【枫树社区】紧急：燃气泄漏，01:15，3栋402。勿开关电器，10分钟内到场。回复11接警，12无法到场。"
TAKEN = "【枫树社区】已由李伟接警：燃气泄漏，3栋402。接警时间01:16，编号1。"


def reply(means: str, asked_at: int, reads_first: bool = True) -> NetworkEvent:
    return NetworkEvent(0, 1, "reply", None, PHONE, "11", ALERT, means, asked_at, reads_first)


def test_who_reads_that_another_has_it_does_not_take_it() -> None:
    people = Knowledge()
    people.read(PHONE, ALERT, CALL, 100, "aliyun")
    assert not people.is_moot(reply("take", 100))
    people.read(PHONE, ALERT, TAKEN, 200, "aliyun")
    assert people.is_moot(reply("take", 100))
    assert not people.is_moot(reply("take", 100, reads_first=False)), "one who answers late has not read it"
    assert not people.is_moot(reply("take", 300)), "called again"
    assert not people.is_moot(reply("done", 100))


def test_a_thing_is_answered_once_and_again_only_when_asked_again() -> None:
    people = Knowledge()
    people.sent(reply("arrive", 100), 500)
    assert [people.is_moot(reply(means, 400)) for means in ("take", "arrive", "done")] == [True, True, False]
    assert not people.is_moot(reply("arrive", 600))
    assert not people.is_moot(reply("", 100)), "words are no answer"


def test_a_phone_types_one_text_at_a_time() -> None:
    people = Knowledge()
    assert people.free_at(PHONE, 1000) == 1000
    people.sent(reply("take", 100), 1000)
    assert people.free_at(PHONE, 2000) == 1000 + TYPING_MS
    assert people.free_at("19900000002", 2000) == 2000


def test_it_is_known_who_was_asked_last() -> None:
    people = Knowledge()
    people.read(PHONE, ALERT, "请核查：燃气泄漏，3栋402，李伟已处置。无险情回复10，仍有险情回复11。", 100, "tencent")
    asked = people.asked_for(ALERT, "verified")
    assert asked is not None
    assert (asked.phone, asked.code, asked.provider) == (PHONE, "10", "tencent")
    assert people.asked_for(8, "verified") is None
