"""Mails: the text of a message as subject, and its facts as plain text and HTML with the link to the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

MAX_SUBJECT: Final = 120
_STYLE: Final = "font-family:sans-serif;font-size:16px;line-height:1.6"
_CELL: Final = "padding:2px 12px 2px 0;vertical-align:top"

Facts = Sequence[tuple[str, str]]
"""Pairs of label and value."""


def mail_text(text: str, facts: Facts, link_label: str, link: str, footer: str) -> str:
    """The plain text: the message, one fact a line, the link on a line of its own."""
    lines = [text, "", *(f"{label}：{value}" for label, value in facts)]
    if link:
        lines += ["", f"{link_label}：", link]
    return "\n".join([*lines, "", footer, ""])


def mail_html(text: str, facts: Facts, link_label: str, link: str, footer: str) -> str:
    """The same as HTML. Every text is escaped: addresses and reports are written by others."""
    rows = "".join(
        f'<tr><th align="left" style="{_CELL}">{escape(label)}</th><td style="{_CELL}">{escape(value)}</td></tr>'
        for label, value in facts
    )
    button = f'<p><a href="{escape(link, quote=True)}">{escape(link_label)}</a></p>' if link else ""
    return (
        f'<!DOCTYPE html><html lang="zh"><body style="{_STYLE}"><p><strong>{escape(text)}</strong></p>'
        f"<table>{rows}</table>{button}<p><small>{escape(footer)}</small></p></body></html>"
    )


def subject_of(text: str) -> str:
    """The message in one line, cut for a subject.

    >>> subject_of("紧急：燃气泄漏，14:05，枫林苑3栋402。10分钟内到场。")
    '紧急：燃气泄漏，14:05，枫林苑3栋402。10分钟内到场'
    """
    return " ".join(text.split()).rstrip("。")[:MAX_SUBJECT]
