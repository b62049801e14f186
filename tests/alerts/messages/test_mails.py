"""Mails as text and HTML: nothing that others wrote becomes markup."""

from __future__ import annotations

from alerts.messages.mails import mail_html, mail_text, subject_of

FACTS = [("地点", '枫林苑<script>alert("x")</script>3栋')]


def test_the_same_facts_stand_in_both_forms() -> None:
    parts = ("紧急：燃气泄漏。", FACTS, "打开页面", "https://grid.example/m/a?b=1&c=2", "请勿回复")
    assert mail_text(*parts).splitlines() == [
        "紧急：燃气泄漏。",
        "",
        '地点：枫林苑<script>alert("x")</script>3栋',
        "",
        "打开页面：",
        "https://grid.example/m/a?b=1&c=2",
        "",
        "请勿回复",
    ]
    html = mail_html(*parts)
    assert "<script>" not in html
    assert '<a href="https://grid.example/m/a?b=1&amp;c=2">打开页面</a>' in html


def test_without_a_page_there_is_no_link() -> None:
    assert "打开页面" not in mail_text("x", FACTS, "打开页面", "", "y") + mail_html("x", FACTS, "打开页面", "", "y")


def test_a_subject_is_one_line() -> None:
    assert subject_of("第一行\r\n第二行。") == "第一行 第二行"
    assert len(subject_of("长" * 500)) == 120
