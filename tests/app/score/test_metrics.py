from app.score.matching import match
from app.score.metrics import Run, figures, flood_share, worker_figures, worst
from app.score.records import Danger, Text
from domain import DAY, MINUTE, SECOND
from simulators.events import Incident

T = 1_795_269_600_000
RUN = Run("small", 1, 2, (), 500, 1_000, ("li", "wang"), T)


def text(at: int, person: str = "li", alert: int = 1, device: str = "gas-1", severity: str = "critical") -> Text:
    danger = Danger("gas-alarm", "gas", severity, at, device)
    return Text(at, "199", person, "worker", "alert", alert, "danger", severity, "漏气", "...", True, (danger,))


def incident(id_: str, device: str, begin: int, life_safety: bool = True) -> Incident:
    return Incident(
        id_, "leak", "漏气", "gas", begin, begin + MINUTE, (device,), begin + 3 * MINUTE, None, life_safety=life_safety
    )


def test_recall_false_alerts_and_delays():
    incidents = [
        incident("a", "gas-1", T),
        incident("b", "gas-2", T),
        incident("c", "gas-3", T, life_safety=False),
        incident("d", "gas-9", T, life_safety=False),
    ]
    texts = [
        text(T + 20 * SECOND),
        text(T + 4 * MINUTE, alert=2, device="gas-2"),
        text(T + 40 * SECOND, alert=3, device="gas-3"),
        text(T + DAY, alert=4, device="gas-7", severity="high"),
    ]
    matches = match(incidents, texts, lambda _place: ())
    found = figures(RUN, matches, texts)
    assert (found.life_safety_recall, found.life_safety_in_time, found.other_recall) == (1.0, 0.5, 0.5)
    assert found.false_per_1000_device_days == 1.0
    gas = found.hazards["gas"]
    assert (gas.in_time, gas.late, gas.missed, gas.alerts, gas.false_alerts, gas.precision) == (2, 1, 1, 4, 1, 0.75)
    assert (gas.notify_median_s, gas.notify_p95_s) == (40.0, 240.0)
    outcomes, false = worst(matches.outcomes, matches.alerts, 5)
    assert [one.incident.id for one in outcomes] == ["d", "b"]
    assert [one.alert for one in false] == [4]


def test_the_load_of_phones_counts_everybody_on_duty():
    burst = [text(T + number * MINUTE) for number in range(12)]
    load = worker_figures(RUN, [*burst, text(T + DAY, person="wang"), text(T, person="a resident")])
    assert (load.daily_mean, load.daily_max, load.day_max) == (3.25, 6.0, 12)
    assert (load.daily_median, sum(load.busiest_kinds.values())) == (3.25, 12)
    assert (load.window_max, load.window_max_worker, load.window_max_at) == (10, "li", T)


def test_a_flood_is_more_than_ten_alerts_in_ten_minutes():
    assert flood_share([T] * 10, RUN) == 0.0
    assert flood_share([T] * 11, RUN) == round(10 * MINUTE / (2 * DAY), 6)


def test_a_run_without_anything_has_no_rates():
    found = figures(RUN, match([], [], lambda _place: ()), [])
    assert (found.life_safety_recall, found.other_recall, found.hazards) == (None, None, {})
