"""What a line of evidence says, in Chinese and in English, by the names that the kind gives its quantities. It judges
nothing.
"""

from __future__ import annotations

from typing import Final

from domain import Evidence, Value
from domain.kind import Kind, Words

RECKONED: Final = {
    "count": Words(zh="数量", en="Number"),
    "distance_m": Words(zh="离登记地点", en="Distance from the place written down"),
    "heard": Words(zh="最近一次消息", en="Last message"),
    "retained": Words(zh="保留消息，时间不明", en="Retained message of unknown age"),
}
"""What is no quantity of a kind."""


def told(line: Evidence, kind: Kind) -> tuple[str, str]:
    """The line as a person reads it; the title of another rule stands for itself.

    >>> told(Evidence("distance_m", 812.5, "m", 200), Kind.model_construct(quantities={}))
    ('离登记地点 812.5 m（限值 200 m）', 'Distance from the place written down 812.5 m (limit 200 m)')
    """
    declared = kind.quantities.get(line.quantity)
    name = declared.name if declared else RECKONED.get(line.quantity, Words(zh=line.quantity, en=line.quantity))
    said = [_said(line.value, line.unit, words) for words in (("是", "否", "没有"), ("yes", "no", "none"))]
    zh, en = (
        f"{of} {what}" if line.value is not True else of for of, what in zip((name.zh, name.en), said, strict=True)
    )
    if line.limit is None or isinstance(line.limit, bool):
        return zh, en
    limit = _said(line.limit, line.unit, ("", "", ""))
    return f"{zh}（限值 {limit}）", f"{en} (limit {limit})"


def _said(value: Value | None, unit: str, words: tuple[str, str, str]) -> str:
    yes, no, none = words
    if value is None:
        return none
    if isinstance(value, bool):
        return yes if value else no
    return f"{value}{'' if not unit or unit.startswith('/') else ' '}{unit}"
