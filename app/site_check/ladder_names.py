"""Names in ladders that refer to nothing: channels, roles, rules, hazards, levels of places."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from alerts.channel_specs import CHANNELS
from alerts.escalation.policy import EscalationPolicy
from alerts.escalation.policy_check import check_conditions, check_names, check_roles
from app.config.catalog import category_ladders
from app.config.faults import ConfigFault
from app.config.site import unknown_role
from app.config.suggestions import unknown_name
from app.site_check.names import OWN_RULES, read_or_empty
from domain.roles import Roles
from rules.rulebook.model import Rulebook


def ladder_faults(
    file: Path,
    policy: EscalationPolicy,
    rulebooks: Sequence[Rulebook],
    roles: Roles | None,
    hazards: Collection[str],
    levels: Collection[str],
) -> list[ConfigFault]:
    """Unknown channels, roles, rules, hazards and levels in ladders: such a rung would notify no person."""
    rules = {rule.name for rulebook in rulebooks for rule in rulebook.rules} | {
        *OWN_RULES,
        *category_ladders(file.parent),
    }
    faults = [*check_names(policy, CHANNELS, rules, unknown_name)]
    if roles is not None:
        faults += check_roles(policy, roles, unknown_role)
    faults += check_conditions(policy, hazards, levels, unknown_name)
    return read_or_empty(file).locate_all(faults)
