"""Passwords: Argon2id with the parameters of RFC 9106, and what may be chosen."""

from __future__ import annotations

import asyncio
import re

import pytest

from console.security.passwords import HashCost, Passwords, initial_password, password_fault
from tests.support.console_harness import cheap_passwords


async def test_a_password_is_right_for_its_own_hash_only() -> None:
    passwords = cheap_passwords()
    stored = await passwords.hash("两只黄鹂鸣翠柳2026")
    assert stored != await passwords.hash("两只黄鹂鸣翠柳2026")
    assert await passwords.verify(stored, "两只黄鹂鸣翠柳2026")
    assert not await passwords.verify(stored, "两只黄鹂鸣翠柳2027")
    assert not await passwords.verify(None, "两只黄鹂鸣翠柳2026")
    assert not await passwords.verify("no hash", "x")


def test_the_default_cost_is_the_second_option_of_rfc_9106() -> None:
    assert HashCost() == HashCost(passes=3, memory_kib=65_536, lanes=4)
    assert Passwords().is_outdated(cheap_passwords().hash_blocking("x"))
    assert cheap_passwords().hash_blocking("x").startswith("$argon2id$v=19$m=8,t=1,p=1$")


@pytest.mark.parametrize(
    ("password", "part"),
    [
        ("kurz", "至少10个"), ("长" * 201, "最多200个"), ("zhangsan-42x", "用户名"), ("ZhangSan-42x", "用户名"),
        ("password123", "容易猜到"), ("1111111111a", "容易猜到"), ("fengshao123", "容易猜到"),
        ("1q2w3e123456", "容易猜到"),
    ],
)  # fmt: skip
def test_a_password_that_is_guessed_first_is_refused(password: str, part: str) -> None:
    assert part in (password_fault(password, "zhangsan") or "")


@pytest.mark.parametrize("password", ["两只黄鹂鸣翠柳2026", "correct horse battery"])
def test_a_sentence_is_a_good_password(password: str) -> None:
    assert password_fault(password, "zhangsan") is None


def test_an_initial_password_is_good_and_easy_to_type() -> None:
    assert password_fault(initial_password(), "zhangsan") is None
    assert re.fullmatch(r"([a-z2-9]{4}-){2}[a-z2-9]{4}", initial_password())
    assert initial_password() != initial_password()


async def test_a_queue_of_unknown_browsers_does_not_make_a_known_browser_wait() -> None:
    passwords = Passwords(HashCost(passes=1, memory_kib=1024, lanes=1))
    stored = passwords.hash_blocking("两只黄鹂鸣翠柳")
    guesses = [asyncio.create_task(passwords.verify(stored, "guess", is_known=False)) for _ in range(60)]
    await asyncio.sleep(0)  # each of them is in the queue
    assert await passwords.verify(stored, "两只黄鹂鸣翠柳")
    assert sum(one.done() for one in guesses) < 30
    assert await asyncio.gather(*guesses) == [False] * 60
