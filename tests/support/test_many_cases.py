"""A test of many cases fails with each case that failed."""

from __future__ import annotations

import pytest

from tests.support.many_cases import many_cases


@many_cases(("number", "half"), [(2, 1), (4, 2)])
def test_it_runs_with_every_case_and_its_fixtures(number: int, half: int, request: pytest.FixtureRequest) -> None:
    assert number == 2 * half
    assert request.node.name == "test_it_runs_with_every_case_and_its_fixtures"


def test_it_fails_with_every_case_that_failed_by_its_id() -> None:
    @many_cases(("number",), [pytest.param(1, id="one"), pytest.param(2, id="two"), pytest.param(3, id="three")])
    def is_even(number: int) -> None:
        assert number % 2 == 0

    with pytest.raises(AssertionError, match=r"2 of 3 cases failed:\none: assert[\s\S]+three: assert"):
        is_even()


def test_a_list_without_cases_is_an_error() -> None:
    with pytest.raises(AssertionError, match="no case"):
        many_cases(("number",), [])
