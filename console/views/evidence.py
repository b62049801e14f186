"""Adds English titles and readable lines of evidence to an alert's view. A missing English title is null."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from console import messages_zh
from console.dependencies import RuleSummary
from domain import Evidence
from domain.kind import Kind
from rules.tools.evidence_text import describe_evidence, evidence_label


def translate_view(view: Mapping[str, Any], kinds: Mapping[str, Kind], rules: Iterable[RuleSummary]) -> dict[str, Any]:
    """The view with `title_en`, and with `name`, `name_en`, `text` and `text_en` in each line of evidence."""
    kind = kinds.get(view["kind"] or "", _NO_KIND)
    titles = {**messages_zh.SELF_MONITORING_TITLES, **{rule.title: rule.title_en for rule in rules if rule.title_en}}
    return {
        **view,
        "title_en": titles.get(view["title"]),
        "evidence": [_evidence_line(msgspec.convert(line, Evidence), kind) for line in view["evidence"]],
    }


_NO_KIND = Kind.model_construct(quantities={})


def _evidence_line(line: Evidence, kind: Kind) -> dict[str, Any]:
    name, (zh, en) = evidence_label(line, kind), describe_evidence(line, kind)
    return {**msgspec.to_builtins(line), "name": name.zh, "name_en": name.en, "text": zh, "text_en": en}
