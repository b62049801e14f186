"""Phone calls in ladders that a site with the channel `voice` has, and others do not. Pure."""

from __future__ import annotations

from collections.abc import Collection

from alerts.channel_specs import VOICE
from alerts.escalation.policy import EscalationPolicy, Ladder, Recipient, Rung


def with_phone_calls(policy: EscalationPolicy, channels: Collection[str]) -> EscalationPolicy:
    """The policy in which a rung with `phone: ROLE` also calls that role by voice; without the channel it does not."""
    if VOICE not in channels:
        return policy
    return policy.model_copy(update={"ladders": tuple(_ladder(ladder) for ladder in policy.ladders)})


def _ladder(ladder: Ladder) -> Ladder:
    if not any(rung.phone for rung in ladder.rungs):
        return ladder
    return ladder.model_copy(update={"rungs": tuple(_rung(rung) for rung in ladder.rungs)})


def _rung(rung: Rung) -> Rung:
    if not rung.phone:
        return rung
    called = Recipient(role=rung.phone, channels=(VOICE,))
    return rung.model_copy(update={"recipients": (*rung.everybody, called), "phone": ""})
