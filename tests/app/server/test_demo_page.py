"""`/demo`: what happened, when, and which texts people received about it."""

from __future__ import annotations

from app.server.demo_day import Happening
from app.server.demo_page import card_texts, items, page
from domain import MINUTE, SECOND, Instant
from simulators.providers.phones import PhoneText
from simulators.providers.wecom.inbox import Notice

AT: Instant = 1_795_827_608_000
LEAK = Happening(AT, "厨房软管脱落", "Gas leak in a kitchen", "枫林苑2栋1单元1002")
FALL = Happening(AT + MINUTE, "独居老人跌倒", "Elder who lives alone falls", "枫林苑4栋1单元106")
SMS = "【枫树社区】紧急：燃气泄漏，00:18，枫林苑2栋1单元1002。勿开关电器，10分钟内到场。回复11接警，12无法到场。"


def test_newest_first_with_the_texts_about_each() -> None:
    texts = [
        PhoneText(1, "19900000001", "about an hour ago: " + SMS, AT - MINUTE),
        PhoneText(2, "19900000001", SMS, AT + 5 * SECOND),
        PhoneText(3, "19900000001", SMS, AT + 31 * MINUTE),
    ]
    fall, leak = items([LEAK, FALL], texts)
    assert (fall.title, fall.texts) == ("独居老人跌倒", ())
    assert [(one.phone, one.text) for one in leak.texts] == [("19900000001", SMS)]
    assert leak.at.endswith("+08:00")
    html = page([fall, leak])
    assert html.index("独居老人跌倒") < html.index("厨房软管脱落") < html.index("回复11接警")
    assert "No text yet" in html


def test_what_residents_write_is_no_markup_and_long_lists_are_cut() -> None:
    happening = Happening(AT, "居民随手报：<script>", "report", "枫林苑")
    texts = [PhoneText(n, "1", "枫林苑", AT + n) for n in range(20)]
    html = page(items([happening], texts))
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "8 more" in html
    assert "Nothing has happened yet" in page([])


def test_cards_of_wecom_are_texts_too() -> None:
    body = {
        "main_title": {"title": "紧急 · 燃气泄漏", "desc": "枫林苑2栋1单元1002"},
        "horizontal_content_list": [{"keyname": "时间", "value": "00:21"}],
        "button_list": [{"text": "我去处理", "key": "ack:1"}],
    }
    (leak,) = items([LEAK], card_texts([Notice("fs-worker-01", "m1", "button_interaction", body, AT + SECOND)]))
    assert [(one.phone, one.text) for one in leak.texts] == [
        ("企业微信 fs-worker-01", "紧急 · 燃气泄漏，枫林苑2栋1单元1002，时间00:21")
    ]
    (plain,) = card_texts([Notice("fs-worker-01", "m2", "text", {"content": "已由李伟接警"}, AT)])
    assert plain.text == "已由李伟接警"
