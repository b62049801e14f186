"""Whom the street's verification was asked of."""

from __future__ import annotations

from collections.abc import Callable

from alerts.lifecycle.second_check import is_second_check_awaited, questions_of
from domain import Finding
from tests.support.alerts import alert_of


def test_an_alert_that_no_street_verifies_asks_no_person(finding: Callable[..., Finding]) -> None:
    alert = alert_of(finding())
    assert alert.second_check is None
    assert not is_second_check_awaited(alert)
    assert questions_of(alert, []) == []
