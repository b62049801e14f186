"""A score as lines of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from unicodedata import east_asian_width

from app.score.matching import NotifiedAlert, Outcome
from app.score.metrics import Figures, HazardFigures, worst
from app.score.records import Explanation
from app.score.report.wording import Language, hazard_name, share, span, word
from app.score.run import Result
from domain import Instant

_SHOWN = 8
_COLUMNS = (
    "incidents",
    "in_time",
    "late",
    "missed",
    "recall",
    "precision",
    "nuisances_notified",
    "false",
    "median",
    "p95",
)


def lines(result: Result, language: Language, shown: int = _SHOWN) -> list[str]:
    """Everything that is worth reading, the figures first."""
    return [
        *head(result.figures, language),
        *(word(remark, language) for remark in result.remarks),
        "",
        *hazard_table(result.figures, language),
        "",
        *_load(result.figures, language),
        *_worst(result, language, shown),
    ]


def head(figures: Figures, language: Language) -> Iterator[str]:
    """The run and the figures that the product promises."""
    run = figures.run
    faults = ", ".join(run.faults) or word("none", language)
    yield (
        f"{word('title', language)}: {word('preset', language)} {run.preset}, {word('seed', language)} {run.seed}, "
        + (
            f"{_duration(run.days, language)}, {run.devices:,} {word('devices', language)}, "
            f"{run.messages:,} {word('messages', language)}, {figures.incidents} {word('incidents', language)}"
        )
    )
    yield f"{word('faults', language)}: {faults}"
    yield f"{word('life_safety_recall', language)}: {share(figures.life_safety_recall)} ({word('life_safety_in_time', language)} {share(figures.life_safety_in_time)})"  # noqa: E501
    yield f"{word('other_recall', language)}: {share(figures.other_recall)}"
    yield f"{word('false_per_1000', language)}: {figures.false_per_1000_device_days:g}"


def _duration(days: float, language: Language) -> str:
    if days < 1:
        return span(days * 86_400, language)
    return f"{days:g} {word('days', language)}"


def hazard_table(figures: Figures, language: Language) -> Iterator[str]:
    """One line a hazard."""
    rows = [[word("hazard", language), *(word(name, language) for name in _COLUMNS)]]
    rows += [[hazard_name(hazard, language), *_cells(one, language)] for hazard, one in figures.hazards.items()]
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(
            _padded(cell, width, right=n > 0) for n, (cell, width) in enumerate(zip(row, widths, strict=True))
        )


def _cells(one: HazardFigures, language: Language) -> Sequence[str]:
    return (
        str(one.incidents),
        str(one.in_time),
        str(one.late),
        str(one.missed),
        share(one.recall),
        share(one.precision),
        f"{one.nuisances_notified}/{one.nuisances}",
        str(one.false_alerts),
        span(one.notify_median_s, language),
        span(one.notify_p95_s, language),
    )


def _load(figures: Figures, language: Language) -> Iterator[str]:
    load = figures.workers
    yield (
        f"{word('workers', language)}: {word('daily_mean', language)} {load.daily_mean:g}, "
        f"{word('daily_max', language)} {load.daily_max:g}, {word('day_max', language)} {load.day_max}, "
        f"{word('window_max', language)} {load.window_max}"
        + (f" ({load.window_max_worker}, {local_time(load.window_max_at)})" if load.window_max_at else "")
    )
    yield f"{word('flood', language)}: {share(figures.flood_share)}"


def _worst(result: Result, language: Language, shown: int) -> Iterator[str]:
    outcomes, alerts = worst(result.matches.outcomes, result.matches.alerts, shown)
    explanations = {explanation.incident: explanation for explanation in result.explanations}
    if outcomes:
        yield from ("", f"{word('misses', language)}:")
    for outcome in outcomes:
        yield from _outcome(outcome, explanations, language)
    if alerts:
        yield from ("", f"{word('false_alerts', language)}:")
    for alert in alerts:
        yield _false_alert(alert, language)


def _outcome(outcome: Outcome, explanations: Mapping[str, Explanation], language: Language) -> Iterator[str]:
    incident, delay = outcome.incident, outcome.delay_ms
    yield (
        f"- {word(outcome.status.value, language)}: {incident.title} ({incident.id}), {local_time(incident.begin)}, "
        f"{hazard_name(incident.hazard, language)}, {', '.join(incident.devices[:3])}"
        + ("" if delay is None else f", {span(delay / 1000, language)}")
    )
    if explanation := explanations.get(incident.id):
        for reason in reasons(explanation, language):
            yield f"    {reason}"


def reasons(explanation: Explanation, language: Language) -> list[str]:
    """What each rule said when somebody ought to have been told, one line a rule and device."""
    key = "reasons" if language == "zh" else "reasons_en"
    found = []
    for rule in explanation.rules:
        sentences = rule.get(key)
        text = " ".join(sentences) if isinstance(sentences, list) else ""
        found.append(f"{rule.get('rule')} {rule.get('device')}: {text}")
    return found or [word("no_rule", language)]


def _false_alert(alert: NotifiedAlert, language: Language) -> str:
    rule = alert.first.dangers[0].rule if alert.first.dangers else "-"
    about = f", {word('nuisance', language)} {alert.nuisances[0]}" if alert.nuisances else ""
    return f"- {rule}, {local_time(alert.first.at)}: {alert.first.text}{about}"


def local_time(at: Instant | None) -> str:
    """Local time of the simulated towns, all in Asia/Shanghai."""
    if at is None:
        return "-"
    return (datetime.fromtimestamp(at / 1000, UTC) + timedelta(hours=8)).strftime("%m-%d %H:%M:%S")


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int, *, right: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks


def comparison(ours: Figures, theirs: Figures, language: Language, name: str) -> Iterator[str]:
    """The figures of two runs side by side, where they differ."""
    yield f"{word('compared', language)} {name}:"
    pairs: list[tuple[str, float | None, float | None]] = [
        (word("life_safety_recall", language), ours.life_safety_recall, theirs.life_safety_recall),
        (word("other_recall", language), ours.other_recall, theirs.other_recall),
        (word("false_per_1000", language), ours.false_per_1000_device_days, theirs.false_per_1000_device_days),
        (word("daily_mean", language), ours.workers.daily_mean, theirs.workers.daily_mean),
        (word("window_max", language), ours.workers.window_max, theirs.workers.window_max),
    ]
    for hazard in sorted(ours.hazards.keys() | theirs.hazards.keys()):
        one, other = ours.hazards.get(hazard), theirs.hazards.get(hazard)
        for key in ("missed", "late", "false_alerts", "notify_median_s"):
            label = f"{hazard_name(hazard, language)} {key}"
            pairs.append((label, getattr(one, key, None), getattr(other, key, None)))
    for label, ours_value, other_value in pairs:
        if ours_value != other_value:
            yield f"  {label}: {_value(ours_value)} | {_value(other_value)}"


def _value(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
