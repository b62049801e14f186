"""Simulated phones: texts by phone, pages, and waiting for a text."""

from __future__ import annotations

import asyncio

import pytest

from simulators.providers.phones import Phones


async def test_texts_are_listed_by_phone_and_in_pages() -> None:
    phones = Phones()
    for number in range(1, 4):
        await phones.put("a" if number < 3 else "b", f"text {number}", at=number)
    assert [text.text for text in phones.texts_of("a")] == ["text 1", "text 2"]
    page, before = phones.page(2, None)
    assert ([text.n for text in page], before) == ([3, 2], 2)
    assert [text.n for text in phones.page(2, before)[0]] == [1]


async def test_waiting_ends_when_a_text_with_every_part_comes() -> None:
    phones = Phones()
    waiting = asyncio.create_task(phones.expect("a", "燃气", "402"))
    await phones.put("a", "燃气泄漏，枫林苑", at=1)
    await phones.put("a", "燃气泄漏，枫林苑3栋402", at=2)
    assert (await waiting).at == 2
    with pytest.raises(AssertionError, match="it shows nothing"):
        await phones.expect("b", "燃气", within_s=0.01)
