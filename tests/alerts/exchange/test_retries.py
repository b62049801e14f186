"""When a message is sent again and when it is given up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.exchange.messages import Failure
from alerts.exchange.retries import (
    LONGEST_WAIT_MS,
    Response,
    RetryPolicy,
    failure_of,
    is_given_up,
    is_refused,
    transport_failure,
    wait_ms,
)
from domain import DAY

POLICY = RetryPolicy()


@pytest.mark.parametrize(
    ("response", "refused"),
    [
        (Response(False, 400), True),
        (Response(False, 410), True),
        (Response(False, 408), False),
        (Response(False, 429), False),
        (Response(False, 302), False),
        (Response(False, 503), False),
        (Response(False, None), False),
        (Response(False, 200, refused=True), True),
    ],
)
def test_a_refusal_is_about_the_message_and_not_about_the_target(response: Response, refused: bool) -> None:
    assert is_refused(response) is refused


def test_a_refused_message_is_given_up_soon_and_another_after_a_day() -> None:
    assert [is_given_up(Response(False, 422), attempt, 0, 9, POLICY) for attempt in (1, 2, 3)] == [False, False, True]
    assert not is_given_up(Response(False, 503), 99, 0, DAY - 1, POLICY)
    assert is_given_up(Response(False, 503), 1, 0, DAY, POLICY)


@given(failures=st.integers(1, 10_000), asked=st.integers(0, 10**9))
def test_the_wait_grows_to_its_limit(failures: int, asked: int) -> None:
    wait = wait_ms(failures, Response(False, 503, retry_after_ms=asked))

    assert 1_000 <= wait <= LONGEST_WAIT_MS
    assert wait >= min(asked, LONGEST_WAIT_MS)


@pytest.mark.parametrize(
    ("response", "failure"),
    [
        (Response(False, 401), Failure.ACCESS),
        (Response(False, 302), Failure.NOT_FOUND),
        (Response(False, 422), Failure.REFUSED),
        (Response(False, 200, refused=True), Failure.REFUSED),
        (Response(False, 503), Failure.SERVER),
        (Response(False, failure=Failure.TLS), Failure.TLS),
        (Response(False), Failure.OTHER),
    ],
)
def test_every_failure_has_a_code_of_the_fixed_list(response: Response, failure: Failure) -> None:
    assert failure_of(response) is failure


def test_failures_of_transport_are_classified() -> None:
    names = (
        ["ConnectError", "SSLError"],
        ["ReadTimeout"],
        ["ConnectError"],
        ["RefusedUrl"],
        ["gaierror"],
        ["KeyError"],
    )
    assert [transport_failure(one) for one in names] == [
        Failure.TLS, Failure.TIMEOUT, Failure.CONNECTION, Failure.ADDRESS, Failure.CONNECTION, Failure.OTHER
    ]  # fmt: skip
