"""Gaps of the roster in the next days as lines of text: for `fengshao check`, and for the health alert about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from alerts.roster.gaps import MissingPerson, RosterGap, by_community, roster_gaps
from domain import Instant
from domain.people import Community
from domain.roles import Roles
from domain.rosters import OverrideKind

GAP: Final = "{cell}{role}：{begin} 至 {end} 无人值班（{why}）"
ENDS: Final = "排班到此为止，请补排"
AWAY: Final = "{name}{reason}，无人顶班"
ABSENT: Final = "不在岗"
KINDS: Final = {OverrideKind.LEAVE: "休假", OverrideKind.COVER: "已换人", OverrideKind.SWAP: "已调班"}
UNAVAILABLE: Final = "{kind}，顶班的{substitute}也不在岗"


def gap_lines(community: Community, now: Instant, zone: ZoneInfo, roles: Roles) -> dict[str, list[str]]:
    """The gaps from now to the horizon as Chinese lines, the earliest first, by the community (社区) they are in."""
    found = by_community(community, roster_gaps(community, now, zone))
    return {cell: gap_texts(community, gaps, zone, roles) for cell, gaps in found.items()}


def gap_texts(community: Community, gaps: Iterable[RosterGap], zone: ZoneInfo, roles: Roles) -> list[str]:
    """One line a gap, the earliest first."""
    ordered = sorted(gaps, key=lambda gap: (gap.begin, gap.cell, gap.role))
    return [_text(community, gap, zone, roles) for gap in ordered]


def _text(community: Community, gap: RosterGap, zone: ZoneInfo, roles: Roles) -> str:
    cell, role = community.cells[gap.cell], roles.get(gap.role)
    role_name = gap.role if role is None else role.zh
    if gap.hazards:
        role_name += f"（{'、'.join(gap.hazards)}）"
    why = "；".join(_why(missing, community) for missing in gap.missing) or ENDS
    begin, end = (_time(at, zone) for at in (gap.begin, gap.end))
    return GAP.format(cell=cell.name, role=role_name, begin=begin, end=end, why=why)


def _why(missing: MissingPerson, community: Community) -> str:
    name, override = _name(community, missing.person), missing.override
    if override is None:
        return AWAY.format(name=name, reason=ABSENT)
    kind = override.leave or KINDS[override.kind]
    if override.substitute is None:
        return AWAY.format(name=name, reason=kind)
    substitute = _name(community, override.substitute)
    return name + UNAVAILABLE.format(kind=kind, substitute=substitute)


def _name(community: Community, person: str) -> str:
    return community.people[person].name if person in community.people else person


def _time(at: Instant, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(at / 1000, zone)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
