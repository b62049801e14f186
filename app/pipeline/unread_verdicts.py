"""Verdicts of safety devices that nobody understood become findings for maintenance, with the line that would help.

At once and once a device and field; over when the field is understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from msgspec.structs import replace

from domain import Evidence, Finding, Phase, Subject
from domain.findings import own_finding
from domain.people import Community
from ingest.results import UnreadVerdictEvent

RULE, TITLE = "unread-verdict", "安全设备消息未读懂"
ADVICE = (
    "请按厂家说明核对，在站点 mappings/{platform}_site.yaml 的 kinds: {kind}: 下写：{line}（true 为报警），保存即生效"
)
ADVICE_WORD = "请按厂家说明核对，在站点 mappings/{platform}_site.yaml 中写：{line}（danger 为报警），保存即生效"
TEXT_MAX = 120


def findings(unread: Iterable[UnreadVerdictEvent], community: Community) -> list[Finding]:
    """One finding for each field that is not understood, and its end when it is."""
    return [_finding(one, community.place_of(one.device)) for one in unread]


def _finding(one: UnreadVerdictEvent, place: str | None) -> Finding:
    verdict, device = one.verdict, one.device
    advice = ADVICE_WORD if verdict.line.startswith("words:") else ADVICE
    field = crc32(f"{one.platform} {verdict.field}".encode("utf-8", "replace"))
    found = own_finding(
        RULE,
        Subject("device", device.id),
        one.begin,
        key=f"{device.id}.{field:08x}",
        at=one.at,
        phase=Phase.ENDED if one.is_over else Phase.BEGAN,
        title=TITLE,
        advice=advice.format(platform=one.platform, kind=device.kind, line=verdict.line),
        evidence=(
            Evidence("来源", f"{one.platform} {device.model or ''}".strip(), at=one.at, name_en="platform and model"),
            Evidence("字段", verdict.field, at=one.at, name_en="field"),
            Evidence("值", str(verdict.value)[:TEXT_MAX], at=one.at, name_en="value"),
            Evidence("建议的映射", verdict.line, at=one.at, name_en="proposed mapping"),
        ),
    )
    return replace(found, device=device.id, place=place)
