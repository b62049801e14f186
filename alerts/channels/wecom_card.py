"""WeCom's limits on the parts of a card with buttons and of a text. Pure.

WeCom refuses a card whole for one label that is too long. A site writes its own labels and addresses, and a danger with
a cut label must still arrive, so what is too long is cut here, after the texts were made.

Source: facts of the provider's pages on template cards and application messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

MAX_TEXT_BYTES: Final = 2048
_SOURCE, _TITLE, _DESC, _SUB_TITLE = 20, 36, 44, 160
_KEY_NAME, _VALUE, _BUTTON_TEXT, _JUMP_TITLE = 5, 30, 10, 13
_ROWS, _BUTTONS, _JUMPS = 6, 6, 3


def fitted(card: Mapping[str, Any]) -> dict[str, Any]:
    """The card with every text and list within WeCom's limits; what fits is unchanged.

    >>> fitted({"task_id": "t", "button_list": [{"text": "我马上就去现场处理这件事", "key": "ack:1"}]})["button_list"]
    [{'text': '我马上就去现场处理这', 'key': 'ack:1'}]
    """
    lists = {
        "horizontal_content_list": (_ROWS, {"keyname": _KEY_NAME, "value": _VALUE}),
        "button_list": (_BUTTONS, {"text": _BUTTON_TEXT}),
        "jump_list": (_JUMPS, {"title": _JUMP_TITLE}),
    }
    parts = {"source": {"desc": _SOURCE}, "main_title": {"title": _TITLE, "desc": _DESC}}
    fits = dict(card)
    fits |= {name: _cut(card[name], limits) for name, limits in parts.items() if name in card}
    fits |= {
        name: [_cut(item, limits) for item in card[name][:most]]
        for name, (most, limits) in lists.items()
        if name in card
    }
    if "sub_title_text" in card:
        fits["sub_title_text"] = card["sub_title_text"][:_SUB_TITLE]
    return fits


def cut_to_bytes(text: str, limit: int) -> str:
    """The text, its end cut so that it has at most `limit` bytes in UTF-8, never within a character.

    >>> cut_to_bytes("燃气泄漏", 7), cut_to_bytes("燃气泄漏", 12)
    ('燃气', '燃气泄漏')
    """
    return text.encode()[:limit].decode(errors="ignore")


def _cut(part: Mapping[str, Any], limits: Mapping[str, int]) -> dict[str, Any]:
    return {name: value[: limits[name]] if name in limits else value for name, value in part.items()}
