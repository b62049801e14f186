"""Workers who answer late, wrongly or not at all; providers that fail; receipts that do not come."""

from __future__ import annotations

from collections import Counter

import pytest

from domain import DAY, MINUTE
from simulators.faults.people import PEOPLE_FAULTS, Answer, PeopleFaults, Receipt

MONDAY = 20_787 * DAY
PROVIDERS = ("aliyun", "tencent")


def test_without_faults_all_answer_as_usual() -> None:
    usual = PeopleFaults({}, seed=5)
    assert {usual.worker("w-1", f"m-{number}").answer for number in range(200)} == {Answer.USUAL}
    assert usual.receipt("m-1") == Receipt()
    assert usual.provider_down_until("aliyun", PROVIDERS, MONDAY) is None


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


def outages(faults: PeopleFaults, days: int) -> dict[str, set[int]]:
    """Minutes in which each provider is down."""
    minutes = range(MONDAY, MONDAY + days * DAY, MINUTE)
    return {
        name: {at for at in minutes if faults.provider_down_until(name, PROVIDERS, at) is not None}
        for name in PROVIDERS
    }


def test_either_provider_is_down_one_at_a_time_and_answers_again() -> None:
    parameters = {"share": 1.0, "shortest_s": 600, "longest_s": 600, "all_share": 0}
    faults = PeopleFaults({"provider_down": parameters}, seed=5)
    down = outages(faults, 20)
    assert all(60 <= len(minutes) <= 140 for minutes in down.values()), "ten minutes a day, half of the days each"
    assert not down["aliyun"] & down["tencent"]
    for name, minutes in down.items():
        ends = {faults.provider_down_until(name, PROVIDERS, at) for at in minutes}
        assert all(end is not None and faults.provider_down_until(name, PROVIDERS, end) is None for end in ends)


def test_now_and_then_all_are_down_for_a_short_time() -> None:
    faults = PeopleFaults({"provider_down": {"share": 0, "all_share": 1.0}}, seed=5)
    down = outages(faults, 20)
    assert down["aliyun"] == down["tencent"]
    assert 20 <= len(down["aliyun"]) <= 60, "three minutes a day at most"


def test_names_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="no fault 'workers_lazy' of people; write one of: provider_down"):
        PeopleFaults({"workers_lazy": {}}, seed=5)
    with pytest.raises(ValueError, match="workers_late: no parameter often; write one of: share, most_s"):
        PeopleFaults({"workers_late": {"often": 1}}, seed=5)
