"""Findings for status fields of safety devices that no mapping understands, with the mapping line that would help.

One finding for each device and field; it ends when the field is understood.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

from msgspec.structs import replace

from domain import Evidence, Finding, FindingPhase, Subject
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
    return [_finding(field, community.place_of(field.device)) for field in unread]


def _finding(unread: UnreadVerdictEvent, place: str | None) -> Finding:
    verdict, device = unread.verdict, unread.device
    advice = ADVICE_WORD if verdict.line.startswith("words:") else ADVICE
    field_hash = crc32(f"{unread.platform} {verdict.field}".encode("utf-8", "replace"))
    finding = own_finding(
        RULE,
        Subject("device", device.id),
        unread.begin,
        key=f"{device.id}.{field_hash:08x}",
        at=unread.at,
        phase=FindingPhase.ENDED if unread.is_over else FindingPhase.BEGAN,
        title=TITLE,
        advice=advice.format(platform=unread.platform, kind=device.kind, line=verdict.line),
        evidence=(
            Evidence(
                "来源", f"{unread.platform} {device.model or ''}".strip(), at=unread.at, name_en="platform and model"
            ),
            Evidence("字段", verdict.field, at=unread.at, name_en="field"),
            Evidence("值", str(verdict.value)[:TEXT_MAX], at=unread.at, name_en="value"),
            Evidence("建议的映射", verdict.line, at=unread.at, name_en="proposed mapping"),
        ),
    )
    return replace(finding, device=device.id, place=place)
