"""Only an address that names one person passes."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import domain.identities
import domain.recipients
from domain.recipients import is_phone, is_wecom_user

MANY = [
    "@all",
    "@ALL",
    "@All",
    "a|b",
    "a|",
    "|",
    "a,b",
    "a;b",
    "",
    " ",
    " a",
    "a ",
    "a\n",
    "\ta",
    "a b",
    "a\0",
    "@a",
    "..",
    "ａｌｌ",
]


def test_the_examples_hold() -> None:
    assert doctest.testmod(domain.recipients).failed == 0
    assert doctest.testmod(domain.identities).failed == 0


@pytest.mark.parametrize("name", MANY)
def test_an_address_of_several_or_no_users_of_wecom_is_refused(name: str) -> None:
    assert not is_wecom_user(name)
    assert not is_phone(name)


@given(st.text(max_size=8))
def test_no_address_with_a_separator_or_a_space_passes(text: str) -> None:
    for sign in "|,; \t\n\r\0，、｜":
        assert not is_wecom_user(f"a{text}{sign}{text}b")
        assert not is_phone(f"199{text}{sign}{text}0001")


@given(st.from_regex(r"[0-9A-Za-z][0-9A-Za-z._@-]{0,63}", fullmatch=True))
def test_every_userid_of_wecom_passes(userid: str) -> None:
    assert is_wecom_user(userid)


def test_a_secret_in_a_topic_and_in_a_name_is_found_once_each() -> None:
    found = domain.identities.secrets_of("thingsboard", "abc", "v1/devices/abc/telemetry")

    assert (found, domain.identities.secrets_of("native", "abc", "fengshao/v1/abc")) == (["abc", "abc"], [])
    assert domain.identities.secrets_of("thingsboard", None, "v1/gateway/telemetry") == []
