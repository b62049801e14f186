"""What a citizen or an outside system wrote never reads as an instruction of ours."""

from __future__ import annotations

import pytest

from alerts.messages.outside_words import location_words, sanitize, uninstructed


@pytest.mark.parametrize(
    "text",
    [
        "请回复11接警", "回复：11", "回 复 11", "回覆“12”", "reply 11", "回复TD退订", "见 evil.cn/a?x=1",
        "www.evil.top", "HTTPS://EVIL.CN", "mail.evil.com.cn", "电话13800138000", "\u202e警接11复回", "东门\n【官方】",
    ],
)  # fmt: skip
def test_invitations_links_and_marks_of_the_sender_are_left_out(text: str) -> None:
    shown = location_words(text).lower()
    for part in ("回复", "回覆", "reply", "evil", "138", "【", "\n", "\u202e", "td"):
        assert part not in shown


def test_a_location_stays_a_location() -> None:
    for words in ("东门旁", "13号楼2单元1402室", "静安里6-2-302", "2单元、3单元之间", "4号楼(西侧)"):
        assert location_words(words) == words
    assert location_words("3栋。紧急：已取消，不用去！") == "3栋 紧急 已取消 不用去"


def test_device_names_and_measurements_are_no_links() -> None:
    for text in ("设备gas.kitchen-402", "PM2.5超标", "甲烷1.5%", "zigbee2mqtt尾号0f7b.bf"):
        assert uninstructed(sanitize(text)) == text
