"""The figures of a score, from matched incidents and texts. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Final

from msgspec import Struct

from app.score.matching import Matches, NotifiedAlert, Outcome, Status
from app.score.records import Text
from domain import DAY, MINUTE, Instant

WINDOW_MS: Final = 10 * MINUTE
FLOOD_ABOVE: Final = 10
"""ISA-18.2: more than ten alarms in ten minutes are a flood."""
P95: Final = 0.95


class Run(Struct, frozen=True):
    """What was simulated. `workers` are the people on the roster who have a phone; `positions` operator positions; of a
    live run `days` is a part of a day."""

    preset: str
    seed: int
    days: int | float
    faults: tuple[str, ...]
    devices: int
    messages: int
    workers: tuple[str, ...]
    start: Instant
    positions: int = 1

    @property
    def device_days(self) -> float:
        return self.devices * self.days

    @property
    def end(self) -> Instant:
        return self.start + round(self.days * DAY)


class HazardFigures(Struct, frozen=True):
    """The figures of one hazard. Rates are None without anything to divide by."""

    incidents: int
    in_time: int
    late: int
    missed: int
    recall: float | None
    nuisances: int
    nuisances_notified: int
    alerts: int
    false_alerts: int
    precision: float | None
    false_per_1000_device_days: float
    notify_median_s: float | None
    notify_p95_s: float | None


class WorkerFigures(Struct, frozen=True):
    """Texts on the phones of workers, a combined one counted once. `daily_mean` and `daily_median` are of everybody on
    the roster who has a phone, also of those without a text; `daily_max`: the highest daily mean of one worker, who is
    `busiest`, with his texts by kind; `day_max`: the most texts of one worker on one day; `window_max`: the most within
    ten minutes."""

    daily_mean: float
    daily_max: float
    day_max: int
    window_max: int
    window_max_worker: str
    window_max_at: Instant | None
    daily_median: float = 0.0
    busiest: str = ""
    busiest_kinds: dict[str, int] = {}


class Figures(Struct, frozen=True):
    """All figures. `life_safety_recall` and `other_recall` are of incidents of which somebody ought to be notified."""

    run: Run
    incidents: int
    life_safety_recall: float | None
    life_safety_in_time: float | None
    other_recall: float | None
    false_per_1000_device_days: float
    hazards: dict[str, HazardFigures]
    workers: WorkerFigures
    flood_share: float


def figures(run: Run, matches: Matches, texts: Sequence[Text]) -> Figures:
    """The figures of a run."""
    expected = [outcome for outcome in matches.outcomes if outcome.incident.notify_by is not None]
    life = [outcome for outcome in expected if outcome.incident.life_safety]
    other = [outcome for outcome in expected if not outcome.incident.life_safety]
    false_alerts = sum(alert.is_false for alert in matches.alerts)
    return Figures(
        run=run,
        incidents=len(matches.outcomes),
        life_safety_recall=_share(life, Status.IN_TIME, Status.LATE),
        life_safety_in_time=_share(life, Status.IN_TIME),
        other_recall=_share(other, Status.IN_TIME, Status.LATE),
        false_per_1000_device_days=_per_1000(false_alerts, run),
        hazards={hazard: _hazard(hazard, run, matches) for hazard in sorted(_hazards(matches))},
        workers=worker_figures(run, texts),
        flood_share=flood_share([alert.first.at for alert in matches.alerts], run),
    )


def worker_figures(run: Run, texts: Iterable[Text]) -> WorkerFigures:
    """The load of workers' phones."""
    received: dict[str, list[Text]] = {worker: [] for worker in run.workers}
    for text in texts:
        if text.person in received and text.phone:
            received[text.person].append(text)
    times = {worker: [text.at for text in own] for worker, own in received.items()}
    most = max(sorted(times), key=lambda worker: len(times[worker]), default="")
    peaks = {worker: _peak(sorted(at)) for worker, at in times.items()}
    busiest = max(sorted(peaks), key=lambda worker: peaks[worker][0], default="")
    count, at = peaks.get(busiest, (0, None))
    totals = [len(at) / max(run.days, 1) for at in times.values()]  # minutes are not extrapolated to a day
    days = [_most_of_a_day(at, run.start) for at in times.values()]
    return WorkerFigures(
        daily_mean=_rounded(sum(totals) / len(totals)) if totals else 0.0,
        daily_max=_rounded(max(totals, default=0.0)),
        day_max=max(days, default=0),
        window_max=count,
        window_max_worker=busiest if count else "",
        window_max_at=at,
        daily_median=_rounded(median(totals)) if totals else 0.0,
        busiest=most if times.get(most) else "",
        busiest_kinds=dict(sorted(Counter(text.kind for text in received.get(most, ())).items())),
    )


def flood_share(alerts: Iterable[Instant], run: Run) -> float:
    """Share of ten-minute windows in which more than ten alerts were told per operator position."""
    counts: dict[int, int] = defaultdict(int)
    for at in alerts:
        counts[(at - run.start) // WINDOW_MS] += 1
    flooded = sum(count > FLOOD_ABOVE * run.positions for count in counts.values())
    return _rounded(flooded * WINDOW_MS / max(run.days * DAY, WINDOW_MS), 6)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile; None without values.

    >>> percentile([4.0, 1.0, 3.0, 2.0], 0.95)
    4.0
    """
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def worst(
    outcomes: Sequence[Outcome], alerts: Sequence[NotifiedAlert], limit: int
) -> tuple[list[Outcome], list[NotifiedAlert]]:
    """The worst misses: life safety first, then the latest; and false alerts, the most severe first."""
    bad = [outcome for outcome in outcomes if outcome.status in (Status.MISSED, Status.LATE)]
    bad.sort(
        key=lambda o: (o.status is not Status.MISSED, not o.incident.life_safety, -(o.delay_ms or 0), o.incident.id)
    )
    false = sorted(
        (alert for alert in alerts if alert.is_false), key=lambda alert: (_RANK[alert.first.severity], alert.alert)
    )
    return bad[:limit], false[:limit]


_RANK: Final[Mapping[str, int]] = {"critical": 0, "high": 1, "medium": 2, "low": 3}


def _hazards(matches: Matches) -> set[str]:
    of_alerts = {hazard_of(alert) for alert in matches.alerts}
    return {outcome.incident.hazard for outcome in matches.outcomes} | of_alerts


def hazard_of(alert: NotifiedAlert) -> str:
    """The hazard of the danger that an alert was told for first."""
    return alert.first.dangers[0].hazard if alert.first.dangers else "other"


def _hazard(hazard: str, run: Run, matches: Matches) -> HazardFigures:
    outcomes = [outcome for outcome in matches.outcomes if outcome.incident.hazard == hazard]
    expected = [outcome for outcome in outcomes if outcome.incident.notify_by is not None]
    count = {status: sum(outcome.status is status for outcome in outcomes) for status in Status}
    alerts = [alert for alert in matches.alerts if hazard_of(alert) == hazard]
    false = sum(alert.is_false for alert in alerts)
    delays = [outcome.delay_ms / 1000 for outcome in expected if outcome.delay_ms is not None]
    return HazardFigures(
        incidents=len(expected),
        in_time=count[Status.IN_TIME],
        late=count[Status.LATE],
        missed=count[Status.MISSED],
        recall=_share(expected, Status.IN_TIME, Status.LATE),
        nuisances=len(outcomes) - len(expected),
        nuisances_notified=count[Status.NUISANCE_NOTIFIED],
        alerts=len(alerts),
        false_alerts=false,
        precision=_rounded(1 - false / len(alerts)) if alerts else None,
        false_per_1000_device_days=_per_1000(false, run),
        notify_median_s=_rounded(median(delays), 1) if delays else None,
        notify_p95_s=percentile(delays, P95),
    )


def _share(outcomes: Sequence[Outcome], *statuses: Status) -> float | None:
    if not outcomes:
        return None
    return _rounded(sum(outcome.status in statuses for outcome in outcomes) / len(outcomes))


def _per_1000(count: int, run: Run) -> float:
    return _rounded(count / run.device_days * 1000) if run.device_days else 0.0


def _peak(times: Sequence[Instant]) -> tuple[int, Instant | None]:
    """The most texts within ten minutes, and when that window began."""
    best, at, begin = 0, None, 0
    for end, time in enumerate(times):
        while times[begin] <= time - WINDOW_MS:
            begin += 1
        if end - begin + 1 > best:
            best, at = end - begin + 1, times[begin]
    return best, at


def _most_of_a_day(times: Iterable[Instant], start: Instant) -> int:
    counts: dict[int, int] = defaultdict(int)
    for at in times:
        counts[(at - start) // DAY] += 1
    return max(counts.values(), default=0)


def _rounded(value: float, digits: int = 4) -> float:
    return round(value, digits)
