"""Functions of conditions: booleans, comparisons inside a window, offsets, forecasts, and their evidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import DAY, HOUR, MINUTE, Device, Evidence, Reading, Value
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.language.functions import FUNCTIONS
from rules.language.nodes import WindowCall, windows
from rules.language.notation import format_expression
from rules.language.parser import parse
from rules.language.tokens import ExpressionError
from rules.rulebook.check import check
from rules.rulebook.model import Rulebook
from rules.tools.evidence_text import describe_evidence
from rules.windows.history import MAX_SAMPLES, SHARED_HISTORY_MS, SampleHistory, history_name

Kinds = dict[str, Kind]
T0 = 1_767_225_600_000


def book(when: str, kind: str = "gas_alarm", **more: object) -> Rulebook:
    title = {"zh": "甲", "en": "one"}
    rule = {"name": "r", "title": title, "kind": kind, "severity": "high", "when": when, "source": "s", **more}
    return Rulebook.model_validate({"hazard": "gas", "rules": [rule]})


def faults(when: str, kinds: Kinds, kind: str = "gas_alarm") -> list[str]:
    return [fault.message for fault in check(book(when, kind), kinds)]


def steps_begun(
    when: str, value_steps: list[dict[str, Value]], kinds: Kinds, kind: str = "gas_alarm", every: int = MINUTE
) -> list[tuple[int, str]]:
    """The steps at which the rule began, each with its first line of evidence in both languages."""
    engine, found = Engine([book(when, kind)], kinds, community()), []
    engine.register([Device("d", kind)], T0)
    for step, values in enumerate(value_steps):
        now = T0 + step * every
        for finding in engine.feed([Reading("d", kind, now, now, values)], now):
            if finding.phase.value == "began":
                found.append((step, " | ".join(describe_evidence(finding.evidence[0], kinds[kind]))))
    return found


def query(history: SampleHistory, written: str, at: int) -> float | None:
    (window,) = windows(parse(written))
    return history.query(window, at)


def gauge_history(*samples: tuple[int, float], keep_ms: int = DAY, yes_no: bool = False) -> SampleHistory:
    history = SampleHistory(keep_ms, exact=True, is_bool=yes_no)
    for at, value in samples:
        history.add(at, value)
    return history


# -- booleans -------------------------------------------------------------------------------------------------------


def test_count_of_sos_counts_presses_and_no_report_of_false(kinds: Kinds) -> None:
    beats: list[dict[str, Value]] = [{"sos": False}] * 5
    assert steps_begun("count(sos, 10m) >= 3", beats, kinds, "wristband") == []
    press_steps: list[dict[str, Value]] = [{"sos": True}, {"sos": False}, {"sos": True}, {"sos": True}]
    assert steps_begun("count(sos, 10m) >= 3", press_steps, kinds, "wristband") == [
        (3, "求救次数 3/10m（限值 3/10m） | SOS, times 3/10m (limit 3/10m)")
    ]


def test_every_function_of_a_boolean_takes_true_as_one_and_false_as_zero() -> None:
    history = gauge_history((0, 1.0), (HOUR, 0.0), (2 * HOUR, 1.0), (3 * HOUR, 1.0), yes_no=True)
    questions = {"sum": 3, "count": 3, "mean": 0.75, "min": 0, "max": 1, "last": 1, "seen": 3 * HOUR}
    for function, answer in questions.items():
        assert query(history, f"{function}(a, 4h) > 0", 3 * HOUR) == answer, function
    assert query(history, "count(not a, 4h) > 0", 3 * HOUR) == 1
    assert query(history, "count(a == false, 4h) > 0", 3 * HOUR) == 1
    assert query(gauge_history((0, 1.0), (1, 0.0)), "count(a, 4h) > 0", 1) == 2  # every sample of a number counts


@pytest.mark.parametrize("function", ["quantile(alarm, 0.5, 1h)", "stddev(alarm, 1h)", "predict(alarm, 1h, 1h)"])
def test_a_function_of_numbers_refuses_booleans_and_names_the_alternatives(function: str, kinds: Kinds) -> None:
    (fault,) = faults(f"{function} > 0", kinds)
    assert fault.endswith("write count, the number of true ones, or mean, their share")
    assert "is yes or no" in faults("days_left(alarm) < 3", kinds)[0]
    assert "looks at a counter" in faults("increase(alarm, 1h) > 0", kinds)[0]


def test_a_mean_of_booleans_is_no_percentage(kinds: Kinds) -> None:
    (fault,) = faults("mean(alarm, 1h) > 50", kinds)
    assert fault == "mean(alarm, 1h) of yes (1) and no (0) goes from 0 to 1: 50 is outside, write a limit inside"
    assert faults("mean(lel_pct > 10, 1h) > 50", kinds) != []


# -- comparisons inside a window ------------------------------------------------------------------------------------


def test_samples_over_a_limit_are_counted(kinds: Kinds) -> None:
    value_steps: list[dict[str, Value]] = [{"lel_pct": value} for value in (2, 12, 3, 14, 2, 11)]
    assert steps_begun("count(lel_pct > 10, 10m) >= 3", value_steps, kinds) == [
        (5, "燃气浓度（> 10）次数 3/10m（限值 3/10m） | Gas concentration (> 10), times 3/10m (limit 3/10m)")
    ]
    assert steps_begun("mean(lel_pct > 10 and lel_pct < 13, 10m) >= 0.5", value_steps[1:2], kinds) == [
        (0, "近10分钟燃气浓度（> 10 and lel_pct < 13）平均 1（限值 0.5） | "
            "Gas concentration (> 10 and lel_pct < 13), mean in 10m 1 (limit 0.5)")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("count(lel_pct > 250, 5m) >= 3", "250 is outside"),
        ("count(lel_pct + 1, 5m) >= 3", "count needs a condition on each sample, as in (lel_pct > 10, 5m)"),
        ("count(lel_pct > co_ppm, 5m) >= 3", "count looks at one quantity"),
        ("count(lel_pct > device.limit, 5m) >= 3", "count compares each sample with a number"),
        ("count(default(lel_pct, 3), 5m) >= 3", "count looks at one quantity"),
        ("stddev(lel_pct > 3, 5m) >= 3", "stddev looks at one quantity"),
        ("usual(lel_pct > 3) >= 3", "usual looks at one quantity"),
        ("count(lel_pct, 5m) > lel_pct", "do not go together"),
        ("count(lel_pct > 22:30, 5m) > 1", "compare a time of day such as 22:30 with time.minute"),
    ],
)
def test_an_invalid_window_is_refused(written: str, message: str, kinds: Kinds) -> None:
    try:
        found = faults(written, kinds)
    except ValueError as error:
        found = [str(error)]
    assert message in found[0]


# -- offsets --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["increase(a, 1d, offset 1d) > 0", "increase(a, 1d offset 1d) > 0"])
def test_an_offset_moves_the_window_into_the_past(written: str) -> None:
    history = SampleHistory(2 * DAY)
    for hour in range(49):
        history.add(hour * HOUR, hour * (1.0 if hour <= 24 else 3.0))
    assert query(history, written, 48 * HOUR) == 24.0
    assert query(history, written, 47 * HOUR) is None


def test_offsets_of_gauges_and_idle_time() -> None:
    history = gauge_history(*((hour * HOUR, float(hour % 5)) for hour in range(48)), keep_ms=2 * DAY)
    at = 47 * HOUR
    assert query(history, "max(a, 20h, offset 1d) > 0", at) == 4.0
    assert query(history, "last(a, 1h, offset 1h) > 0", at) == 46 % 5
    assert query(history, "seen(a, 3h, offset 1d) > 0", at) == 3 * HOUR
    still = SampleHistory(2 * DAY, [(hour * HOUR, 5.0) for hour in range(48)])
    assert query(still, "idle(a, 1d, offset 12h) > 0", at) == DAY
    (shown,) = {
        describe_evidence(
            Evidence("volume_m3", 3.0, "m³/1d", 2, window="increase 1d offset 1d"), Kind.model_construct(quantities={})
        )
    }
    assert shown == (
        "1天前的volume_m3增长 3 m³/1d（限值 2 m³/1d）", "volume_m3, growth, 1d earlier 3 m³/1d (limit 2 m³/1d)",
    )  # fmt: skip


def test_a_window_of_a_week_does_not_thin_out_one_of_an_hour(kinds: Kinds) -> None:
    """Samples are thinned to a part of the window they serve: a weekly rule of a site made the hourly ones unusable."""
    assert history_name(WindowCall("increase", "a", SHARED_HISTORY_MS)) == "a"
    assert history_name(WindowCall("increase", "a", DAY, offset_ms=7 * DAY)) == "a~1"
    assert history_name(WindowCall("increase", "a", 400 * DAY)) == "a~3"
    rulebook = book("increase(volume_m3, 1h) > 100 or increase(volume_m3, 7d) > 900", "water_meter")
    engine = Engine([rulebook], kinds, community())
    for step in range(3 * 24 * 4):
        now = T0 + step * 15 * MINUTE
        engine.feed([Reading("d", "water_meter", now, now, {"volume_m3": step / 4})], now)
    short, long = (engine.states["d"].histories or {}).values()
    assert short.increase(now, HOUR) == 1.0
    assert len(long.samples) <= MAX_SAMPLES
    wider_rulebook = book("increase(volume_m3, 1h) > 100 or increase(volume_m3, 30d) > 900", "water_meter")
    engine.reload([wider_rulebook], now)
    histories = engine.states["d"].histories or {}
    assert set(histories) == {"volume_m3", "volume_m3~2"}
    assert histories["volume_m3~2"].samples  # it begins with what was kept of the quantity


# -- forecasts ------------------------------------------------------------------------------------------------------


def test_a_linear_rise_is_extrapolated(kinds: Kinds) -> None:
    rising = gauge_history(*((minute * MINUTE, 100.0 + minute) for minute in range(0, 61, 10)))
    assert query(rising, "predict(a, 2h, 1h) > 0", 60 * MINUTE) == 280.0
    assert query(rising, "predict(a, 2h, 1h) > 0", 10 * MINUTE) is None  # too few
    assert query(gauge_history((0, 1.0), (1, 2.0), (2, 3.0)), "predict(a, 2h, 1h) > 0", 2) is None  # too short a time
    line = Evidence("lel_pct", 60.5, "%LEL", 50, window="predict 1h ahead 2h")
    assert describe_evidence(line, kinds["gas_alarm"]) == (
        "照近1小时燃气浓度，2小时后推算值 60.5 %LEL（限值 50 %LEL）",
        "Gas concentration, forecast for 2h ahead by the last 1h 60.5 %LEL (limit 50 %LEL)",
    )
    rises: list[dict[str, Value]] = [{"lel_pct": value} for value in (1, 2, 3, 4, 5, 6, 7)]
    assert [step for step, _ in steps_begun("predict(lel_pct, 2h, 1h) >= 15", rises, kinds, every=10 * MINUTE)] == [3]


def test_the_standard_deviation_of_one_sample_is_unknown() -> None:
    history = gauge_history((0, 2.0), (1, 4.0), (2, 4.0), (3, 4.0), (4, 5.0), (5, 5.0), (6, 7.0), (7, 9.0))
    assert query(history, "stddev(a, 1h) > 0", 7) == 2.0
    assert query(gauge_history((0, 2.0)), "stddev(a, 1h) > 0", 0) is None


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("predict(a, 1h) > 3", "predict needs how far ahead, and by how much of the past: predict(a, 2h, 12h)"),
        ("predict(a, 3, 1h) > 3", "predict needs how far ahead, and by how much of the past: predict(a, 2h, 12h)"),
        ("increase(a, 1h, 2h) > 3", "increase has too many arguments: increase(a, 12h)"),
        ("increase(a, 1h, offset 3) > 3", "offset needs a time: increase(a, 1d, offset 1d)"),
        ("increase(a, 1h, offset 1d, 3) > 3", "expected ')', found ','"),
        ("avg(a, 1h) > 3", "no function 'avg': write mean"),
        ("predict_linear(a, 1h) > 3", "no function 'predict_linear': write predict"),
        ("stdev(a, 1h) > 3", "no function 'stdev': write stddev"),
        ("increas(a, 1h) > 3", "no function 'increas': write increase"),
    ],
)
def test_a_wrong_function_call_is_refused_with_the_right_form(written: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(written)
    assert caught.value.message == message


def test_every_window_function_has_a_value_and_a_label_in_both_languages() -> None:
    history = gauge_history(*((minute * MINUTE, float(minute)) for minute in range(61)))
    for function in FUNCTIONS.values():
        if function.category != "plain":
            assert function.label.zh, function.name
            assert function.label.en.isascii(), function.name
        if function.category == "window":
            between = f"{function.extra_argument}, " if function.extra_argument else ""
            assert query(history, f"{function.name}(a, {between}1h) > 0", 60 * MINUTE) is not None, function.name


# -- formatting and parsing -----------------------------------------------------------------------------------------

_NAMES = st.sampled_from(["a", "b2", "person.x", "time.date", "sun.is_down", "finding.gas_alarm", "3", "2.5", "22:30",
                          "12h", "1d12h", "'x'", '"it\'s"', "true", "increase(c, 12h)", "count(c > 3 or not c, 5m)",
                          "quantile(c, 0.9, 1h, offset 7d)", "predict(c, 2h, 90m)", "usual(c)", "known(b)", "abs(-a)",
                          "default(device.x, 1 + 2)", "distance_m(lat, lon, place.lat, place.lon)"])  # fmt: skip
_TEXTS = st.recursive(
    _NAMES,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner), st.builds("-({})".format, inner),
        st.builds("({}) {} ({})".format, inner, st.sampled_from(["and", "or", ">=", "!=", "+", "-", "*", "/"]), inner),
    ),
    max_leaves=8,
)  # fmt: skip


@given(_TEXTS)
def test_a_formatted_expression_is_parsed_to_the_same_tree(text: str) -> None:
    if len(text) <= 300:
        assert parse(format_expression(parse(text))) == parse(text)


# -- known() --------------------------------------------------------------------------------------------------------


def test_known_is_true_of_reported_quantities(kinds: Kinds) -> None:
    assert steps_begun("lel_pct > 3 and not known(fault)", [{"lel_pct": 5}], kinds)[0][0] == 0
    assert steps_begun("lel_pct > 3 and not known(fault)", [{"lel_pct": 5, "fault": False}], kinds) == []
    assert steps_begun("lel_pct > 3 and known(fault) and not fault", [{"lel_pct": 5}], kinds) == []
    assert steps_begun("lel_pct > 3 and known(fault) and not fault", [{"lel_pct": 5, "fault": False}], kinds)[0][0] == 0


def test_known_is_a_condition_and_no_number(kinds: Kinds) -> None:
    assert faults("lel_pct > 3 and not known(co_ppm)", kinds) == []
    assert faults("lel_pct > 3 or known(lel_pct) and not (alarm and known(fault))", kinds) == []
    assert "needs a number, not a value" in faults("known(lel_pct) > 3", kinds)[0]


@pytest.mark.parametrize(
    ("only_if", "attributes", "begins"),
    [
        ("known(device.limit)", {}, False),
        ("known(device.limit)", {"limit": 0}, True),
        ("not known(device.limit)", {}, True),
        ("not known(device.limit)", {"limit": 0}, False),
        ("known(device.limit) == false", {}, True),
    ],
)
def test_known_of_a_missing_attribute_is_false_and_not_unknown(
    only_if: str, attributes: dict[str, Value], begins: bool, kinds: Kinds
) -> None:
    engine = Engine([book("lel_pct > 3", only_if=only_if)], kinds, community())
    engine.register([Device("d", "gas_alarm", attributes=attributes)], T0)
    assert bool(engine.feed([Reading("d", "gas_alarm", T0, T0, {"lel_pct": 5})], T0)) is begins
    engine_with_condition = Engine([book(f"lel_pct > 3 and {only_if}")], kinds, community())
    engine_with_condition.register([Device("d", "gas_alarm", attributes=attributes)], T0)
    assert bool(engine_with_condition.feed([Reading("d", "gas_alarm", T0, T0, {"lel_pct": 5})], T0)) is begins
