"""Tokens, cookies, links and what each role may do."""

from __future__ import annotations

import pytest

from console.security.auth import (
    LINK_MS,
    LOGOUTS_KEPT,
    SESSION_MS,
    Access,
    LoginLimit,
    Principal,
    Sessions,
    Signer,
    worker_link,
)

KEY = b"a key of this test"
NOW = 1_795_269_903_123
OPERATOR = Principal(Access.OPERATOR, "t-1", person="p-1")


def test_a_sealed_claim_opens_until_it_expires() -> None:
    signer = Signer(KEY, "session")
    sealed = signer.seal({"x": 1}, NOW + 10)

    assert signer.open(sealed, NOW) == {"x": 1, "exp": NOW + 10}
    assert signer.open(sealed, NOW + 10) is None


@pytest.mark.parametrize("forged", ["", ".", "abc", "abc.def", "ä.ö"])
def test_what_we_did_not_seal_does_not_open(forged: str) -> None:
    assert Signer(KEY, "session").open(forged, NOW) is None


def test_a_changed_claim_does_not_open() -> None:
    signer = Signer(KEY, "session")
    body, _, mark = signer.seal({"x": 1}, NOW + 10).partition(".")

    assert signer.open(f"{body}A.{mark}", NOW) is None
    assert signer.open(f"{body}.{mark[:-2]}", NOW) is None


EARLIER_LINK = "eyJhIjoiMzEiLCJwIjoidy16aGFuZyIsImV4cCI6MTc5NTI3NzEwMDAwMH0.9ZY9JZ4GJsVKEIE6T62cU2xVqxxmOTb2CZ1_zd1XZ9I"
EARLIER_COOKIE = (
    "eyJzIjoiYWJjIiwidCI6InQtMSIsInIiOiJvcGVyYXRvciIsInAiOm51bGwsImEiOm51bGwsImwiOm51bGwsImV4cCI6MTc5NTMxMzEwMDAwMH0"
    ".H2TBD6ZrRh9o2FqGLOuCTWb04mAupQAHbk7b98sQeFI"
)
"""Made by the signer that we wrote ourselves, before itsdangerous."""


def test_a_link_that_was_sent_before_an_upgrade_opens_and_so_does_a_cookie() -> None:
    key, at = b"signing-key-of-this-test", 1_795_269_900_000
    sessions = Sessions(key)

    assert sessions.from_link(EARLIER_LINK, at) == Principal(Access.WORKER, "link", person="w-zhang", alert="31")
    assert sessions.from_link(EARLIER_LINK, at + LINK_MS) is None
    assert sessions.read(EARLIER_COOKIE, at) == Principal(Access.OPERATOR, "t-1", by_cookie=True)
    assert worker_link(key, "31", "w-zhang", at) == EARLIER_LINK


def test_a_link_is_not_a_session_and_a_session_is_no_link() -> None:
    sessions = Sessions(KEY)

    assert sessions.read(worker_link(KEY, "31", "p-1", NOW), NOW) is None
    assert sessions.from_link(sessions.begin(OPERATOR, NOW), NOW) is None


def test_a_session_brings_back_who_logged_in_until_it_is_too_old() -> None:
    sessions = Sessions(KEY)
    cookie = sessions.begin(OPERATOR, NOW)

    assert sessions.read(cookie, NOW) == Principal(Access.OPERATOR, "t-1", person="p-1", by_cookie=True)
    assert sessions.read(cookie, NOW + SESSION_MS) is None


def test_a_workers_link_opens_one_alert_for_one_person_for_two_hours() -> None:
    sessions = Sessions(KEY)
    link = worker_link(KEY, "31", "p-1", NOW)
    principal = sessions.from_link(link, NOW + LINK_MS - 1)

    assert principal == Principal(Access.WORKER, "link", person="p-1", alert="31")
    assert sessions.from_link(link, NOW + LINK_MS) is None
    assert principal is not None
    cookie = sessions.begin(principal, NOW)
    assert sessions.read(cookie, NOW + LINK_MS) is None


def test_a_session_that_was_ended_is_refused() -> None:
    sessions = Sessions(KEY)
    cookie, other = sessions.begin(OPERATOR, NOW), sessions.begin(OPERATOR, NOW)
    sessions.end("not a cookie", NOW)
    sessions.end(cookie, NOW)

    assert sessions.read(cookie, NOW) is None
    assert sessions.read(other, NOW) is not None


def test_the_memory_of_ended_sessions_is_bounded() -> None:
    sessions = Sessions(KEY)
    cookies = [sessions.begin(OPERATOR, NOW) for _ in range(3)]
    sessions._ended = {str(n): NOW + SESSION_MS for n in range(LOGOUTS_KEPT)}
    sessions.end(cookies[0], NOW)

    assert len(sessions._ended) == LOGOUTS_KEPT
    assert sessions.read(cookies[0], NOW) is None


@pytest.mark.parametrize(
    ("access", "act", "allowed"),
    [
        (Access.VIEWER, "acknowledge", False),
        (Access.WORKER, "acknowledge", True),
        (Access.WORKER, "pass", True),
        (Access.WORKER, "close", False),
        (Access.OPERATOR, "shelve", True),
        (Access.OPERATOR, "verify", False),
        (Access.DISPATCHER, "verify", True),
        (Access.DISPATCHER, "registry", False),
        (Access.ADMINISTRATOR, "registry", True),
        (Access.DEVICE, "push", True),
        (Access.DEVICE, "acknowledge", False),
    ],
)
def test_each_role_may_do_what_its_work_needs(access: Access, act: str, allowed: bool) -> None:
    assert Principal(access, "t").may(act) is allowed


def test_after_too_many_failed_logins_a_client_waits_and_others_do_not() -> None:
    limit = LoginLimit(most=2, window_ms=1_000, clients=2)
    limit.failed("a", NOW)
    assert limit.wait_ms("a", NOW + 1) == 0
    limit.failed("a", NOW + 100)

    assert limit.wait_ms("a", NOW + 200) == 800
    assert limit.wait_ms("b", NOW + 200) == 0
    assert limit.wait_ms("a", NOW + 1_000) == 0


def test_the_memory_of_failed_logins_is_bounded() -> None:
    limit = LoginLimit(most=1, window_ms=1_000, clients=2)
    for client in "abc":
        limit.failed(client, NOW)

    assert limit.wait_ms("a", NOW) == 0
    assert limit.wait_ms("c", NOW) == 1_000
