"""Evidence as people read it, in both languages: names and units by the kind, and the limit that was passed."""

from __future__ import annotations

import pytest

from domain import HOUR, MINUTE, Device, Evidence, Person, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from rules.tools.evidence_text import describe_evidence
from rules.trials.model import START

COMMUNITY = community(people=[Person("li", "李奶奶", home="h", attributes={"lives_alone": True})])


def evidence(
    book: Rulebook, rule: str, kinds: dict[str, Kind], kind: str, value_steps: list[dict[str, Value]], every: int
) -> list[str]:
    """The evidence lines of the finding of this rule, for readings `every` ms apart."""
    engine, found = Engine([book], kinds, COMMUNITY), []
    engine.register([Device("d", kind, attributes={"person": "li", "report_every": "1h"})], START)
    for index, values in enumerate(value_steps):
        now = START + index * every
        found += engine.feed([Reading("d", kind, now, now, values)], now)
    (finding,) = [
        finding
        for finding in found + engine.tick(now + HOUR)
        if finding.rule == rule and finding.phase.value == "began"
    ]
    return [sentence for line in finding.evidence for sentence in describe_evidence(line, kinds[kind])]


def test_growth_shows_its_window(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    still: list[dict[str, Value]] = [{"volume_m3": 312.407}] * 14
    assert evidence(books["water_meter"], "water-no-use", kinds, "water_meter", still, HOUR) == [
        "累计用水增长 0 m³/12h（限值 0.01 m³/12h）", "Volume, growth 0 m³/12h (limit 0.01 m³/12h)",
    ]  # fmt: skip


def test_durations_are_shown_in_minutes(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> None:
    running: list[dict[str, Value]] = [{"volume_m3": 100 + index / 100} for index in range(50)]
    assert evidence(books["water_meter"], "water-continuous", kinds, "water_meter", running, 30 * MINUTE) == [
        "近1天累计用水最长不变 0 分钟（限值 60 分钟）", "Volume, longest standstill in 1d 0 min (limit 60 min)",
    ]  # fmt: skip


@pytest.mark.parametrize(("rate", "limit"), [(140, 131), (38, 40)])
def test_of_two_limits_the_exceeded_one_is_shown(
    books: dict[str, Rulebook], kinds: dict[str, Kind], rate: int, limit: int
) -> None:
    shown = evidence(
        books["wristband"], "band-heart-rate", kinds, "wristband", [{"heart_rate_bpm": rate}] * 2, 10 * MINUTE
    )
    assert shown == [f"心率 {rate} 次/分（限值 {limit} 次/分）", f"Heart rate {rate} bpm (limit {limit} bpm)"]


@pytest.mark.parametrize(
    ("line", "zh", "en"),
    [
        (Evidence("alarm", True), "报警", "Alarm"),
        (Evidence("valve_closed", False), "阀门已关 否", "Valve closed no"),
        (Evidence("heard", None, "ms", None), "最近一次消息 没有", "Last message none"),
        (Evidence("identity", "zigbee2mqtt:hall"), "标识 zigbee2mqtt:hall", "Identity zigbee2mqtt:hall"),
        (Evidence("count", 3, "", 3), "数量 3（限值 3）", "Number 3 (limit 3)"),
        (
            Evidence("heard", None, "ms", 5_400_000),
            "最近一次消息 没有（限值 1小时30分钟）",
            "Last message none (limit 1h30m)",
        ),
        (Evidence("燃气泄漏", "3栋", name_en="Gas leak"), "燃气泄漏 3栋", "Gas leak 3栋"),
        (Evidence("alarm", 2, "/1h", True, window="count 1h"), "报警次数 2/1h", "Alarm, times 2/1h"),
        (
            Evidence("lel_pct", 3.5, "%LEL", 3, window="usual"),
            "燃气浓度平时值 3.5 %LEL（限值 3 %LEL）",
            "Gas concentration, usual value 3.5 %LEL (limit 3 %LEL)",
        ),
    ],
)
def test_booleans_silence_and_other_rules_have_their_texts(
    kinds: dict[str, Kind], line: Evidence, zh: str, en: str
) -> None:
    assert describe_evidence(line, kinds["gas_alarm"]) == (zh, en)


def test_every_quantity_has_a_name_in_both_languages(kinds: dict[str, Kind]) -> None:
    quantities = [(kind.kind, name, quantity) for kind in kinds.values() for name, quantity in kind.quantities.items()]
    assert [
        (kind, name) for kind, name, quantity in quantities if not quantity.name.zh or not quantity.name.en.isascii()
    ] == []
