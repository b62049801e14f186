"""Says why a rule does or does not speak of a device now, as plain data. It judges nothing."""

from __future__ import annotations

from collections.abc import Mapping

from rules.core import QUIET_WATCH, Phase
from rules.scope import Scope
from rules.seat import Seat


def explained(seat: Seat, rule: str, shadowed: Mapping[str, int] | None = None) -> dict[str, object]:
    """Where the watch of this rule stands, since when, until when it waits, and what it knows."""
    planned, watch = seat.plan.by_name.get(rule), seat.watches.get(rule, QUIET_WATCH)
    story: dict[str, object] = {
        "device": seat.device.id,
        "rule": rule,
        "known": True,
        "applies_to_kind": planned is not None,
        "phase": watch.phase.value,
        "heard": seat.heard or None,
        "newest": seat.newest or None,
    }
    if planned is not None:
        story["needs"] = list(planned.quantities)
        story["hold_ms"], story["release_ms"] = planned.rule.hold, planned.rule.release
        if planned.rule.shadow:
            story["shadow"] = dict(shadowed or {})
    if watch is not QUIET_WATCH:
        story |= {
            "since": watch.since,
            "begin": watch.begin,
            "wake_at": watch.wake_at,
            "severity": watch.severity.value,
        }
        story["evidence"] = [f"{line.quantity} {line.value}{line.unit} / {line.limit}" for line in watch.evidence]
    return story


def reasons(seat: Seat, rule: str, scope: Scope) -> list[str]:
    """Why the rule stands where it stands, in the words of the safety office, by what was said last."""
    planned, watch = seat.plan.by_name.get(rule), seat.watches.get(rule, QUIET_WATCH)
    if planned is None:
        return [f"规则 {rule} 不看 {seat.plan.kind} 这类设备"]
    found = [_STANDS[watch.phase]]
    if planned.condition is not None:
        missing = [name for name in planned.quantities if name not in scope.values]
        found += [f"最近一次没有说 {name}" for name in missing]
        found.append(f"when 的答案：{_answer(planned.condition.answer(scope))}")
    if planned.only_if is not None:
        found.append(f"only_if 的答案：{_answer(planned.only_if(scope))}")
    return found


def _answer(answer: object) -> str:
    return "不知道" if answer is None else "成立" if answer is True else "不成立"


_STANDS = {
    Phase.QUIET: "安静：没有在报",
    Phase.PENDING: "条件成立，还没有持续够 hold",
    Phase.FIRING: "正在报",
    Phase.CLEARING: "已恢复，还没有持续够 release",
    Phase.STALE: "报过，之后设备失联，不算恢复",
}
