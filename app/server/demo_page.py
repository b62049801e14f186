"""The page `/demo`: what has happened in the simulated town, when, and what people were told; `/demo/day` as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from simulators.providers.phones import PhoneText
from simulators.providers.wecom.inbox import Notice

if TYPE_CHECKING:
    from app.server.demo_day import Happening

JSON_PATH: Final = "/demo/day"
PATHS: Final = frozenset({"/demo", "/demo/", JSON_PATH})
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_TEXTS_MAX: Final = 12
_WITHIN_MS: Final = 30 * 60_000
"""After half an hour a text about the same address is about something else."""
_PAGE: Final = """\
<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta http-equiv="refresh" content="3">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>演示：今天发生了什么</title>
<style>
body {{ font: 16px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; max-width: 52rem; margin: 1.5rem auto;
 padding: 0 1rem; color: #1c2430; background: #f6f7f9 }}
section {{ background: #fff; border: 1px solid #d8dde5; border-radius: 8px; padding: .7rem 1rem; margin: .8rem 0 }}
h1 {{ font-size: 1.3rem }} h2 {{ font-size: 1.05rem; margin: 0 }} small, time {{ color: #566070 }}
li {{ margin: .3rem 0 }} code {{ color: #566070 }}
@media (prefers-color-scheme: dark) {{ body {{ background: #14181f; color: #e6e9ee }}
 section {{ background: #1d232c; border-color: #37404d }} small, time, code {{ color: #a3adbb }} }}
</style></head><body>
<h1>演示社区：今天发生了什么 <small>What happened in the simulated town</small></h1>
<p><small>人物、电话、地址均为虚构。短信到达模拟手机：<a href="/demo/phones">/demo/phones</a>，大屏：<a href="/">/</a>。
People, numbers and addresses are invented.</small></p>
{sections}
</body></html>
"""
_NOTHING: Final = "<p>还没有发生什么，几秒后自动刷新。Nothing has happened yet; this page reloads by itself.</p>"
_NOBODY_YET: Final = "<p><small>还没有人收到短信。No text yet.</small></p>"


class ReceivedText(Struct, frozen=True):
    """A text that a phone received."""

    at: str
    phone: str
    text: str


class Item(Struct, frozen=True):
    """What happened, and the texts about its address since, oldest first."""

    at: str
    title: str
    english: str
    place: str
    texts: tuple[ReceivedText, ...]


def items(happenings: Sequence[Happening], texts: Iterable[PhoneText]) -> list[Item]:
    """What has happened, newest first, with the texts of the half hour after it that name its address."""
    received = sorted(texts, key=lambda text: text.at)

    def item(one: Happening) -> Item:
        return Item(_local(one.at), one.title, one.english, one.place, _texts_about(one, received))

    return [item(one) for one in reversed(happenings)]


def _texts_about(happening: Happening, texts: Iterable[PhoneText]) -> tuple[ReceivedText, ...]:
    about = (
        text
        for text in texts
        if 0 <= text.at - happening.at < _WITHIN_MS and happening.place and happening.place in text.text
    )
    return tuple(ReceivedText(_local(text.at), text.phone, text.text) for text in about)


def card_texts(notices: Iterable[Notice]) -> list[PhoneText]:
    """The cards and messages on the screens of WeCom members, as texts; `phone` says whose."""
    return [PhoneText(0, f"企业微信 {one.userid}", _card_text(one.body), one.at) for one in notices]


def _card_text(body: Mapping[str, Any]) -> str:
    title = body.get("main_title", {})
    rows = [f"{row.get('keyname', '')}{row.get('value', '')}" for row in body.get("horizontal_content_list", [])]
    parts = [title.get("title"), title.get("desc"), *rows, body.get("sub_title_text"), body.get("content")]
    return "，".join(part for part in parts if part)


def _local(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, _ZONE).isoformat(timespec="seconds")


def page(found: Sequence[Item]) -> str:
    """The page in HTML; it reloads every three seconds."""
    return _PAGE.format(sections="\n".join(map(_section, found)) or _NOTHING)


def _section(item: Item) -> str:
    received = "".join(
        f"<li><time>{_clock(one.at)}</time> <code>{escape(one.phone)}</code> {escape(one.text)}</li>"
        for one in item.texts[:_TEXTS_MAX]
    )
    more = len(item.texts) - _TEXTS_MAX
    rest = f"<p><small>另有 {more} 条 · {more} more</small></p>" if more > 0 else ""
    return (
        f"<section><h2><time>{_clock(item.at)}</time> {escape(item.title)} <small>{escape(item.english)}</small></h2>"
        f"<p>{escape(item.place)}</p>{f'<ul>{received}</ul>{rest}' if received else _NOBODY_YET}</section>"
    )


def _clock(at: str) -> str:
    return at[11:19]


async def respond(
    scope: MutableMapping[str, Any],
    send: Callable[[Any], Awaitable[None]],
    happenings: Sequence[Happening],
    texts: Iterable[PhoneText],
) -> None:
    """Answer a request for one of PATHS (ASGI)."""
    found = items(happenings, texts)
    if scope["path"] == JSON_PATH:
        body, content_type = msgspec.json.encode({"items": found}), b"application/json"
    else:
        body, content_type = page(found).encode(), b"text/html; charset=utf-8"
    headers = [(b"content-type", content_type), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
