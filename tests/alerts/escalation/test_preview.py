"""The preview of an escalation: the rows of a ladder by time, and the people and channels behind them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from alerts.escalation.policy import EscalationPolicy
from alerts.escalation.preview import EscalationPreview, ladder_rows
from app.config.catalog import built_in_roles
from domain import Ledger, Severity
from tests.alerts.conftest import small_community
from tests.alerts.escalation.test_ladder_choice import ALERT

IN_GRID = replace(ALERT, cell="grid")


def planned(policy: EscalationPolicy, *channels: str, **changes: Any) -> list[tuple[int, str, list[str]]]:
    preview = EscalationPreview(
        policy, small_community(), built_in_roles(), lambda _alert: (), ZoneInfo("Asia/Shanghai"), channels
    )
    calls = preview.calls(replace(IN_GRID, **changes))
    return [
        (call.after_ms, call.row.recipient.role, [f"{person.id} {' '.join(names)}" for person, names in call.people])
        for call in calls
    ]


def test_rungs_follow_each_other_and_deputies_stand_where_they_are_called(policy: EscalationPolicy) -> None:
    assert planned(policy, "sms", "wecom", hazard="manhole") == [
        (0, "worker", ["wang sms wecom"]),
        (60_000, "worker", ["deputy sms"]),
        (60_000, "lead", ["li sms wecom"]),
        (180_000, "community", ["chen sms"]),
        (360_000, "street", ["sun sms"]),
        (660_000, "department", ["zhou sms"]),
    ]


def test_extra_recipients_are_listed_where_their_conditions_hold(policy: EscalationPolicy) -> None:
    assert (0, "gas_company", []) in planned(policy, "sms")
    assert (0, "community", ["chen "]) in planned(policy, "wecom", vulnerability=3), "no channel leads to him"
    assert planned(policy)[0] == (0, "worker", ["wang logbook"]), "a site without providers has its logbook"


def test_phone_calls_beside_the_rungs_are_listed_where_the_site_has_voice(policy: EscalationPolicy) -> None:
    calls = planned(policy, "sms", "wecom", "voice", hazard="manhole")
    assert [call for call in calls if call[2] and call[2][0].endswith(" voice")] == [
        (60_000, "worker", ["wang voice", "deputy voice"]),
        (180_000, "lead", ["li voice"]),
    ]
    assert [call[0] for call in calls] == sorted(call[0] for call in calls)


def test_rows_come_in_the_order_of_time(policy: EscalationPolicy) -> None:
    rows = ladder_rows(policy.ladder(Ledger.DANGER, Severity.CRITICAL))
    assert [row.after_ms for row in rows] == sorted(row.after_ms for row in rows)
    assert {row.recipient.role for row in rows if row.rung is None} >= {"gas_company", "volunteer", "family"}
