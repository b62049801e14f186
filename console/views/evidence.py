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


def english_titles(rules: Iterable[RuleSummary]) -> dict[str, str]:
    """The English titles of rules and of the service's own alerts, by their Chinese ones."""
    return {**messages_zh.SELF_MONITORING_TITLES, **{rule.title: rule.title_en for rule in rules if rule.title_en}}


def english_title(title: str, titles_en: Mapping[str, str]) -> str | None:
    """The English title of an alert, also of one of several dangers (`alerts.lifecycle.danger` joins their titles);
    None when one of them has none.

    >>> english_title("燃气泄漏、跌倒等", {"燃气泄漏": "Gas leak", "跌倒": "Fall"})
    'Gas leak, Fall, ...'
    """
    if title in titles_en:
        return titles_en[title]
    names = [titles_en.get(name) for name in title.removesuffix("等").split("、")]
    known = [name for name in names if name is not None]
    if len(known) < len(names):
        return None
    return ", ".join([*known, "..."] if title.endswith("等") else known)


def translate_view(view: Mapping[str, Any], kinds: Mapping[str, Kind], titles_en: Mapping[str, str]) -> dict[str, Any]:
    """The view with `title_en`, and with `name`, `name_en`, `text` and `text_en` in each line of evidence."""
    kind = kinds.get(view["kind"] or "", _NO_KIND)
    return {
        **view,
        "title_en": english_title(view["title"], titles_en),
        "evidence": [_evidence_line(msgspec.convert(line, Evidence), kind) for line in view["evidence"]],
    }


_NO_KIND = Kind.model_construct(quantities={})


def _evidence_line(line: Evidence, kind: Kind) -> dict[str, Any]:
    name, (zh, en) = evidence_label(line, kind), describe_evidence(line, kind)
    return {**msgspec.to_builtins(line), "name": name.zh, "name_en": name.en, "text": zh, "text_en": en}
