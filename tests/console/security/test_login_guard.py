"""Guessing locks out new browsers for a while, never the ones in use."""

from __future__ import annotations

from console.security.auth import LoginRateLimit
from console.security.login_guard import (
    BUSY_MS,
    CHECKED_AT_A_TIME_MAX,
    DELAY_MAX_MS,
    DELAY_MS,
    DELAYED_MAX,
    DEVICE_MS,
    FAILURES_MAX,
    WINDOW_MS,
    Attempt,
    LoginGuard,
)
from domain import MINUTE

KEY = b"a key of this test"
NOW = 1_795_269_903_123


def guard() -> LoginGuard:
    return LoginGuard(KEY, LoginRateLimit())


def guess(under: LoginGuard, attempt: Attempt, now: int = NOW) -> bool:
    """One wrong password; False when it was not even checked."""
    if under.wait_ms(attempt, now):
        return False
    under.begin_delay(attempt, now)
    under.end_delay(attempt)
    under.begin(attempt, now)
    under.end(attempt)
    under.failed(attempt, now)
    return True


def test_guesses_from_many_addresses_lock_new_browsers_and_not_the_known_one() -> None:
    under = guard()
    cookie = under.device_cookie("li", NOW)
    tried = [guess(under, under.attempt("li", f"10.0.0.{n}", None, NOW)) for n in range(FAILURES_MAX + 2)]
    assert tried.count(True) == FAILURES_MAX
    assert under.wait_ms(under.attempt("li", "10.9.9.9", None, NOW), NOW) == WINDOW_MS
    assert under.wait_ms(under.attempt("li", "10.9.9.9", cookie, NOW), NOW) == 0
    assert under.wait_ms(under.attempt("zhao", "10.9.9.9", None, NOW), NOW) == 0
    assert under.wait_ms(under.attempt("li", "10.9.9.9", None, NOW), NOW + WINDOW_MS) == 0


def test_an_address_that_guesses_every_name_is_answered_later_and_its_neighbours_are_not_locked() -> None:
    under = guard()
    cookie = under.device_cookie("li", NOW)
    tried = [guess(under, under.attempt(f"user{n}", "10.0.0.1", None, NOW)) for n in range(12)]
    assert tried.count(True) == 12
    neighbour = under.attempt("zhao", "10.0.0.1", None, NOW)
    assert (under.wait_ms(neighbour, NOW), under.delay_ms(neighbour, NOW)) == (0, 4 * DELAY_MS)
    assert under.delay_ms(neighbour, NOW + MINUTE) == 0
    assert under.delay_ms(under.attempt("li", "10.0.0.1", cookie, NOW), NOW) == 0
    assert under.delay_ms(under.attempt("zhao", "10.0.0.2", None, NOW), NOW) == 0
    for n in range(20):
        guess(under, under.attempt(f"more{n}", "10.0.0.1", None, NOW))
    assert under.delay_ms(neighbour, NOW) == DELAY_MAX_MS


def test_a_stolen_device_cookie_buys_ten_guesses_and_is_worth_nothing_for_another_user() -> None:
    under = guard()
    cookie = under.device_cookie("li", NOW)
    tried = [guess(under, under.attempt("li", "10.0.0.1", cookie, NOW)) for _ in range(12)]
    assert tried.count(True) == FAILURES_MAX
    assert under.attempt("zhao", "10.0.0.1", cookie, NOW).device is None
    assert under.attempt("li", "10.0.0.1", "forged", NOW).device is None
    assert under.attempt("li", "10.0.0.1", cookie, NOW + DEVICE_MS).device is None


def test_right_passwords_never_count() -> None:
    under = guard()
    for attempt in (under.attempt("li", "a", None, NOW), under.attempt("li", "a", under.device_cookie("li", NOW), NOW)):
        for _ in range(30):
            assert under.wait_ms(attempt, NOW) == 0
            under.begin(attempt, NOW)
            under.end(attempt)
            under.succeeded(attempt)


def test_guesses_sent_at_the_same_time_are_all_counted() -> None:
    under = guard()
    attempts = [under.attempt("li", f"10.0.0.{n}", None, NOW) for n in range(30)]
    begun = 0
    for attempt in attempts:
        if not under.wait_ms(attempt, NOW):
            under.begin_delay(attempt, NOW)
            begun += 1
    assert begun == FAILURES_MAX


def test_one_address_cannot_queue_work_before_the_logins_of_all_others() -> None:
    under = guard()
    cookie = under.device_cookie("li", NOW)
    waiting = []
    for n in range(1000):
        attempt = under.attempt(f"user{n}", "10.0.0.1", None, NOW)
        if not under.wait_ms(attempt, NOW):
            under.begin(attempt, NOW)
            waiting.append(attempt)
    assert len(waiting) == CHECKED_AT_A_TIME_MAX
    assert under.wait_ms(under.attempt("li", "10.0.0.1", cookie, NOW), NOW) == 0
    assert under.wait_ms(under.attempt("li", "10.0.0.2", None, NOW), NOW) == 0
    assert under.wait_ms(under.attempt("zhao", "10.0.0.1", None, NOW), NOW) == BUSY_MS
    for attempt in waiting:
        under.end(attempt)
    assert under.wait_ms(under.attempt("zhao", "10.0.0.1", None, NOW), NOW) == 0


def test_no_address_has_more_than_two_hundred_answers_delayed() -> None:
    under = guard()
    held = [under.attempt(f"user{n}", "10.0.0.1", None, NOW) for n in range(DELAYED_MAX)]
    for attempt in held:
        assert under.wait_ms(attempt, NOW) == 0
        under.begin_delay(attempt, NOW)
    neighbour = under.attempt("zhao", "10.0.0.1", None, NOW)
    assert under.wait_ms(neighbour, NOW) == BUSY_MS
    for attempt in held:
        under.end_delay(attempt)
    assert under.wait_ms(neighbour, NOW) == 0
