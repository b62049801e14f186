"""All figures of a period, from its cases."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.analysis.case_figures import CaseFigures, GroupBy
from alerts.analysis.durations import Share
from alerts.analysis.facts import CaseRecord, DeliveryCount, FindingBegin, PeriodFacts
from alerts.analysis.months import month_before, month_bounds, month_of
from alerts.analysis.statistics import Period, summarize
from domain import DAY, HOUR, MINUTE, SECOND

SHANGHAI = ZoneInfo("Asia/Shanghai")
T0 = 1_795_269_900_000  # a Saturday, 2026-11-21T22:05:00+08:00
MONTH = Period(T0, T0 + 30 * DAY, T0 + 30 * DAY, SHANGHAI)


def case(number: int = 1, **changes: Any) -> CaseRecord:
    values: dict[str, Any] = {
        "alert": number,
        "opened_at": T0,
        "severity": "critical",
        "ledger": "danger",
        "hazard": "gas",
        "rule": "gas-alarm",
        "title": "燃气泄漏",
        "device": "gas-402",
        "place": "b3-402",
        "state": "closed",
        "disposition": "real",
        "exercise": False,
        "source": "device",
        "overdue": 0,
        "role": "worker",
        "acknowledged_at": T0 + 40 * SECOND,
        "arrived_at": T0 + 6 * MINUTE,
        "resolved_at": T0 + 20 * MINUTE,
        "closed_at": T0 + HOUR,
    }
    return CaseRecord(**{**values, **changes})


LATE = case(2, acknowledged_at=T0 + 2 * MINUTE, arrived_at=T0 + 11 * MINUTE, overdue=2, role="lead", state="resolved")
WAITING = {"acknowledged_at": None, "arrived_at": None, "resolved_at": None, "closed_at": None, "role": None}
OPEN = case(3, **WAITING, state="open", disposition=None, severity="high", place=None)


def test_a_month_reports_how_fast_dangers_were_taken_and_how_many_cases_are_closed() -> None:
    figures = summarize(PeriodFacts([case(), LATE, OPEN]), MONTH).cases
    assert (figures.opened, figures.active, figures.settled) == (3, 1, 2)
    assert (figures.closed, figures.overdue) == (Share(1, 3), Share(1, 3))
    assert (figures.acknowledge.count, figures.acknowledge.median_ms, figures.acknowledge.p90_ms) == (
        2,
        40_000,
        120_000,
    )
    assert (figures.taken_in_time, figures.on_site_in_time) == (Share(1, 3), Share(1, 3))
    assert figures.resolve.mean_ms == 20 * MINUTE


def test_a_danger_opened_half_a_minute_ago_is_not_late_yet_and_device_health_has_no_such_limit() -> None:
    young = Period(T0, T0 + DAY, T0 + 30 * SECOND, SHANGHAI)
    facts = PeriodFacts([OPEN, case(4, ledger="health")])
    assert summarize(facts, young).cases.taken_in_time == Share(0, 0)


def test_groups_list_the_largest_first_and_what_has_no_value_by_itself() -> None:
    found = summarize(
        PeriodFacts([case(), LATE, OPEN]), MONTH, tuple(GroupBy), area_of=lambda place: "garden" if place else None
    ).groups
    assert [(group.key, group.figures.opened) for group in found[GroupBy.SEVERITY]] == [("critical", 2), ("high", 1)]
    assert [group.key for group in found[GroupBy.ROLE]] == ["lead", "worker", None]
    assert [group.key for group in found[GroupBy.PLACE]] == ["garden", None]
    for group, key in ((GroupBy.HAZARD, "gas"), (GroupBy.RULE, "gas-alarm"), (GroupBy.SOURCE, "device")):
        assert [one.key for one in found[group]] == [key]
    assert [one.key for one in found[GroupBy.LEDGER]] == ["danger"]


def test_an_exercise_is_counted_apart_and_in_no_other_figure() -> None:
    found = summarize(PeriodFacts([case(), case(2, exercise=True, source="exercise")]), MONTH, [GroupBy.SOURCE])
    assert [one.key for one in found.groups[GroupBy.SOURCE]] == ["device"]
    assert (found.cases.opened, found.exercises.opened) == (1, 1)
    assert found.dispositions == {"real": 1}
    assert summarize(PeriodFacts(), MONTH).cases == CaseFigures()


def test_dispositions_alarms_messages_and_stale_alerts_are_passed_on() -> None:
    messages = (DeliveryCount("sms", "aliyun", "delivered", "", 3),)
    begun = [FindingBegin(T0 + n * SECOND, "gas-alarm", "gas-402", "false_alarm") for n in range(3)]
    undecided = case(5, disposition=None)
    drill = case(6, exercise=True)
    found = summarize(PeriodFacts([case(), undecided, drill, OPEN], begun, messages, stale=7), MONTH)
    assert (found.dispositions, found.undecided, found.stale) == ({"real": 1}, 1, 7)
    assert found.deliveries == messages
    assert [(actor.id, actor.count) for actor in found.chattering] == [("gas-alarm/gas-402", 3)]
    assert found.load.alarms == 3
    assert found.bad_actors.devices[0].false == 3


def test_hours_of_the_week_and_days_are_local_and_a_day_without_alerts_is_a_zero() -> None:
    found = summarize(
        PeriodFacts([case(), case(2, opened_at=T0 + 2 * HOUR), case(3, exercise=True)]),
        Period(T0, T0 + 2 * DAY, T0 + 2 * DAY, SHANGHAI),
    )
    assert found.hours[5][22] == 1  # Saturday evening
    assert found.hours[6][0] == 1  # Sunday, after midnight
    assert sum(map(sum, found.hours)) == 2
    assert [(day.isoformat(), count) for day, count in found.days] == [
        ("2026-11-21", 1),
        ("2026-11-22", 1),
        ("2026-11-23", 0),
    ]


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "november", "0000-01", "９9-01"])
def test_other_texts_are_no_month(text: str) -> None:
    with pytest.raises(ValueError, match="write one like 2026-11"):
        month_bounds(text, SHANGHAI)


def test_december_ends_with_the_year_and_january_follows_it() -> None:
    begin, end = month_bounds("2026-12", SHANGHAI)
    assert (month_of(begin, SHANGHAI), month_of(end, SHANGHAI)) == ("2026-12", "2027-01")
    assert month_before(end, SHANGHAI) == "2026-12"
