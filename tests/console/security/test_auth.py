"""Tokens, cookies, links and the permissions of each role."""

from __future__ import annotations

import pytest

from console.security.auth import (
    LINK_MS,
    SESSION_MS,
    AccessRole,
    ClaimsSigner,
    LoginRateLimit,
    Principal,
    Sessions,
    sign_worker_link,
)

KEY = b"a key of this test"
NOW = 1_795_269_903_123
OPERATOR = Principal(AccessRole.OPERATOR, "t-1", person="p-1")


def test_signed_claims_are_valid_until_they_expire() -> None:
    signer = ClaimsSigner(KEY, "session")
    sealed = signer.sign({"x": 1}, NOW + 10)

    assert signer.verify(sealed, NOW) == {"x": 1, "exp": NOW + 10}
    assert signer.verify(sealed, NOW + 10) is None


@pytest.mark.parametrize("forged", ["", ".", "abc", "abc.def", "ä.ö"])
def test_claims_without_our_signature_are_invalid(forged: str) -> None:
    assert ClaimsSigner(KEY, "session").verify(forged, NOW) is None


def test_a_changed_claim_is_invalid() -> None:
    signer = ClaimsSigner(KEY, "session")
    body, _, mark = signer.sign({"x": 1}, NOW + 10).partition(".")

    assert signer.verify(f"{body}A.{mark}", NOW) is None
    assert signer.verify(f"{body}.{mark[:-2]}", NOW) is None


EARLIER_LINK = "eyJhIjoiMzEiLCJwIjoidy16aGFuZyIsImV4cCI6MTc5NTI3NzEwMDAwMH0.9ZY9JZ4GJsVKEIE6T62cU2xVqxxmOTb2CZ1_zd1XZ9I"
EARLIER_COOKIE = (
    "eyJzIjoiYWJjIiwidCI6InQtMSIsInIiOiJvcGVyYXRvciIsInAiOm51bGwsImEiOm51bGwsImwiOm51bGwsImV4cCI6MTc5NTMxMzEwMDAwMH0"
    ".H2TBD6ZrRh9o2FqGLOuCTWb04mAupQAHbk7b98sQeFI"
)
"""Made by the signer that we wrote ourselves, before itsdangerous."""


def test_links_and_cookies_from_before_an_upgrade_are_valid() -> None:
    key, at = b"signing-key-of-this-test", 1_795_269_900_000
    sessions = Sessions(key)

    assert sessions.principal_of_link(EARLIER_LINK, at) == Principal(
        AccessRole.WORKER, "link", person="w-zhang", alert="31"
    )
    assert sessions.principal_of_link(EARLIER_LINK, at + LINK_MS) is None
    assert sessions.principal_of_cookie(EARLIER_COOKIE, at) == Principal(AccessRole.OPERATOR, "t-1", by_cookie=True)
    assert sign_worker_link(key, "31", "w-zhang", at) == EARLIER_LINK


def test_a_link_is_not_a_session_and_a_session_is_no_link() -> None:
    sessions = Sessions(KEY)

    assert sessions.principal_of_cookie(sign_worker_link(KEY, "31", "p-1", NOW), NOW) is None
    assert sessions.principal_of_link(sessions.create(OPERATOR, NOW), NOW) is None


def test_a_session_returns_its_principal_until_it_expires() -> None:
    sessions = Sessions(KEY)
    cookie = sessions.create(OPERATOR, NOW)

    assert sessions.principal_of_cookie(cookie, NOW) == Principal(
        AccessRole.OPERATOR, "t-1", person="p-1", by_cookie=True
    )
    assert sessions.principal_of_cookie(cookie, NOW + SESSION_MS) is None


def test_a_workers_link_is_valid_for_one_alert_one_person_and_two_hours() -> None:
    sessions = Sessions(KEY)
    link = sign_worker_link(KEY, "31", "p-1", NOW)
    principal = sessions.principal_of_link(link, NOW + LINK_MS - 1)

    assert principal == Principal(AccessRole.WORKER, "link", person="p-1", alert="31")
    assert sessions.principal_of_link(link, NOW + LINK_MS) is None
    assert principal is not None
    cookie = sessions.create(principal, NOW)
    assert sessions.principal_of_cookie(cookie, NOW + LINK_MS) is None


def test_a_cookie_names_its_session_so_that_it_can_be_ended() -> None:
    sessions = Sessions(KEY)

    assert sessions.id_of(sessions.create(OPERATOR, NOW, session="s-1"), NOW) == "s-1"
    assert sessions.id_of("not a cookie", NOW) is None


@pytest.mark.parametrize(
    ("access", "act", "allowed"),
    [
        (AccessRole.VIEWER, "acknowledge", False),
        (AccessRole.WORKER, "acknowledge", True),
        (AccessRole.WORKER, "pass", True),
        (AccessRole.WORKER, "close", False),
        (AccessRole.OPERATOR, "shelve", True),
        (AccessRole.OPERATOR, "verify", False),
        (AccessRole.DISPATCHER, "verify", True),
        (AccessRole.DISPATCHER, "registry", False),
        (AccessRole.ADMINISTRATOR, "registry", True),
        (AccessRole.DEVICE, "push", True),
        (AccessRole.DEVICE, "acknowledge", False),
    ],
)
def test_each_role_may_do_what_its_work_needs(access: AccessRole, act: str, allowed: bool) -> None:
    assert Principal(access, "t").has_permission(act) is allowed


def test_after_too_many_failed_logins_a_client_waits_and_others_do_not() -> None:
    limit = LoginRateLimit(failures_max=2, window_ms=1_000, clients_max=2)
    limit.record_failure("a", NOW)
    assert limit.wait_ms("a", NOW + 1) == 0
    limit.record_failure("a", NOW + 100)

    assert limit.wait_ms("a", NOW + 200) == 800
    assert limit.wait_ms("b", NOW + 200) == 0
    assert limit.wait_ms("a", NOW + 1_000) == 0


def test_failed_logins_are_bounded() -> None:
    limit = LoginRateLimit(failures_max=1, window_ms=1_000, clients_max=2)
    for client in "abc":
        limit.record_failure(client, NOW)

    assert limit.wait_ms("a", NOW) == 0
    assert limit.wait_ms("c", NOW) == 1_000
