"""Workers who answer late, wrongly or not at all; providers that fail; receipts that do not come."""

from __future__ import annotations

from collections import Counter

import pytest

from domain import DAY, MINUTE
from simulators.faults.people import PEOPLE_FAULTS, Answer, PeopleFaults, Receipt

MONDAY = 20_787 * DAY


def test_without_faults_all_answer_as_usual() -> None:
    usual = PeopleFaults({}, seed=5)
    assert {usual.worker("w-1", f"m-{number}").answer for number in range(200)} == {Answer.USUAL}
    assert usual.receipt("m-1") == Receipt()
    assert usual.provider_down_until("aliyun", MONDAY) is None


def test_about_the_shares_of_messages_are_answered_late_wrongly_or_never() -> None:
    faults = PeopleFaults({name: {} for name in PEOPLE_FAULTS}, seed=5)
    answers = Counter(faults.worker("w-1", f"m-{number}").answer for number in range(4_000))
    assert 240 < answers[Answer.NEVER] < 400
    assert 130 < answers[Answer.WRONG] < 260
    assert 430 < answers[Answer.LATE] < 680
    delays = [faults.worker("w-1", f"m-{number}").delay_ms for number in range(500)]
    assert all(delay == 0 or MINUTE <= delay <= 16 * MINUTE for delay in delays)


def test_a_receipt_is_lost_or_late() -> None:
    faults = PeopleFaults({"receipts_lost": {"share": 0.5}, "receipts_late": {"share": 1.0, "most_s": 60}}, seed=5)
    receipts = [faults.receipt(f"m-{number}") for number in range(200)]
    assert 70 < sum(receipt.is_lost for receipt in receipts) < 130
    assert all(receipt.is_lost or MINUTE <= receipt.delay_ms <= 2 * MINUTE for receipt in receipts)


def test_a_provider_that_is_down_answers_again() -> None:
    faults = PeopleFaults({"provider_down": {"share": 1.0, "shortest_s": 600, "longest_s": 600}}, seed=5)
    minutes = [faults.provider_down_until("aliyun", MONDAY + number * MINUTE) for number in range(24 * 60)]
    until = [end for end in minutes if end is not None]
    assert 9 <= len(until) <= 20
    assert all(faults.provider_down_until("aliyun", end) is None for end in set(until))


def test_names_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="no fault 'workers_lazy' of people; write one of: provider_down"):
        PeopleFaults({"workers_lazy": {}}, seed=5)
    with pytest.raises(ValueError, match="workers_late: no parameter often; write one of: share, most_s"):
        PeopleFaults({"workers_late": {"often": 1}}, seed=5)
