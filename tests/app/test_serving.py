"""The HTTP door of `up`, where it cannot open."""

from __future__ import annotations

from pathlib import Path

import httpx2
import pytest

from app.control import _sentence
from app.links import Address, BadAddress
from app.serving import serve


async def test_a_folder_too_deep_for_a_socket_is_named_and_not_the_port(tmp_path: Path) -> None:
    with pytest.raises(BadAddress, match="name a shorter folder"):
        async with serve(None, Address("127.0.0.1", 0), tmp_path / ("d" * 120), "token"):
            pass


def test_a_refused_import_says_what_is_wrong_with_which_field() -> None:
    fault = {"field": "[0].place", "detail": "没有登记地点 nowhere。"}
    answer = httpx2.Response(422, json={"detail": "有1处内容有误。", "errors": [fault]})

    assert _sentence(answer) == "有1处内容有误。\n  [0].place: 没有登记地点 nowhere。"
