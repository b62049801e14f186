"""Titles and evidence in Chinese and English."""

from __future__ import annotations

import yaml
from msgspec.structs import replace

from app.server.rule_summaries import rule_summaries
from console.views.evidence import english_title
from domain import Evidence
from rules.rulebook.model import Rulebook
from tests.support.console_harness import ADMIN, ROOT, Client, ConsoleHarness, client_of


async def test_title_and_evidence_have_both_languages(harness: ConsoleHarness, admin: Client) -> None:
    leaks = (Evidence("lel_pct", 12.0, "%LEL", 10), Evidence("燃气泄漏", "3栋", name_en="Gas leak"))
    await harness.alert(evidence=leaks)
    await harness.alert("band-101", title="没有写过英文", evidence=())
    lines = [replace(line, title="燃气泄漏", title_en="Gas leak") for line in rule_summaries(gas_books())[:1]]
    async with client_of(
        harness.app_with(rules={"summaries": lambda: lines}), authorization=f"Bearer {ADMIN}"
    ) as client:
        unknown, known = (await client.get("/api/v1/alerts")).json()["items"]
        whole = (await client.get(f"/api/v1/alerts/{known['id']}")).json()

    assert (known["title"], known["title_en"], unknown["title_en"]) == ("燃气泄漏", "Gas leak", None)
    assert [line["text"] for line in known["evidence"]] == ["燃气浓度 12 %LEL（限值 10 %LEL）", "燃气泄漏 3栋"]
    assert [line["name_en"] for line in known["evidence"]] == ["Gas concentration", "Gas leak"]
    assert known["evidence"][1]["text_en"] == "Gas leak 3栋"
    assert (whole["evidence"], whole["title_en"], whole["kind"]) == (known["evidence"], "Gas leak", "gas_alarm")


def test_a_title_of_several_dangers_is_english_when_each_of_them_is() -> None:
    titles = {"燃气泄漏": "Gas leak", "跌倒": "Fall", "漏水、停水": "Water trouble"}
    joined = ("燃气泄漏、跌倒", "燃气泄漏、跌倒等", "漏水、停水", "燃气泄漏、没有写过英文", "燃气泄漏等")
    assert [english_title(title, titles) for title in joined] == [
        "Gas leak, Fall",
        "Gas leak, Fall, ...",
        "Water trouble",
        None,
        "Gas leak, ...",
    ]


def gas_books() -> list[Rulebook]:
    return [Rulebook.model_validate(yaml.safe_load((ROOT / "rules" / "books" / "gas.yaml").read_text("utf-8")))]
