"""Finding the refused values of a batch, against a simulated server's own judgement."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import DAY, HOUR, Reading
from simulators.providers.influxdb.points import parse_points
from simulators.providers.influxdb.storage import Bucket
from store.history.remote.line_protocol import lines
from store.history.remote.refused_lines import reason_of, split
from store.refused_values import HistoryRefusalReason, RefusedValue

NOW = 1_795_262_400_000
REQUESTS_MAX = 200
QUANTITIES = st.sampled_from(["a", "b", "c"])
READINGS = st.lists(
    st.tuples(
        st.integers(0, 20 * 24),
        st.dictionaries(QUANTITIES, st.integers(0, 9) | st.just(float("inf")), min_size=1),
    ),
    min_size=1,
    max_size=25,
)


def deliver(bucket: Bucket, batch: list[str], refuse_unparsed: bool) -> list[RefusedValue]:
    """As the sender does: write, and divide what is refused, until nothing is left."""
    pending, refused, requests = [tuple(batch)], list[RefusedValue](), 0
    while pending:
        requests += 1
        assert requests <= REQUESTS_MAX
        group = pending.pop()
        points, unparsed = parse_points("\n".join(group), "ms", 0)
        sentence = unparsed if unparsed and refuse_unparsed else bucket.write(points, NOW) or unparsed
        if sentence:
            found = split(group, sentence)
            refused += found.refused
            pending += found.groups
    return refused


@settings(max_examples=40, deadline=None)
@given(READINGS, st.sets(QUANTITIES), st.booleans(), st.booleans())
def test_what_a_server_can_take_is_written_and_the_rest_is_refused_by_name(
    drawn: list[tuple[int, dict[str, float]]], taken_fields: set[str], refuse_unparsed: bool, has_retention: bool
) -> None:
    bucket = Bucket("2.8" if refuse_unparsed else "1.8", 7 * DAY if has_retention else 0)
    earlier = [f'fengshao,device=old,kind=k {name}="text" {NOW}' for name in sorted(taken_fields)]
    bucket.write(parse_points("\n".join(earlier), "ms", 0)[0], NOW)
    readings = [Reading(f"d{n}", "k", NOW - hours * HOUR, NOW, dict(values)) for n, (hours, values) in enumerate(drawn)]
    refused = deliver(bucket, list(lines(readings, text_as_tags=False)), refuse_unparsed)

    written = {(dict(value.tags)["device"], value.field, value.at_ns // 1_000_000) for value in bucket.values()}
    sent = {(reading.device, name, reading.at) for reading in readings for name in reading.values}
    named = [(value.device, value.quantity, value.at) for value in refused]
    assert len(named) == len(set(named))
    assert sent == (written & sent) | set(named)
    assert not written & set(named)
    for value in refused:
        too_old = has_retention and value.at < NOW - 7 * DAY
        assert value.quantity in taken_fields or value.value == "inf" or too_old


def test_a_refused_position_is_no_value_of_a_device() -> None:
    assert split(["fengshao_position,lane=bulk pos=7 1000"], "some new error").refused == ()


def test_a_field_that_no_line_has_leads_to_halves() -> None:
    sentence = (
        'field type conflict: input field "z" on measurement "m" is type float, already exists as type string dropped=1'
    )
    pair = ("fengshao,device=a,kind=k x=1 5", "fengshao,device=b,kind=k x=1 5")
    assert split(pair, sentence).groups == (pair[:1], pair[1:])


def test_the_reception_time_alone_in_conflict_leaves_the_values() -> None:
    line = "fengshao,device=a,kind=k x=1,received_ms=6 5"
    sentence = (
        'field type conflict: input field "received_ms" on measurement "fengshao" is type float, '
        "already exists as type integer dropped=1"
    )
    assert split([line], sentence).groups == (
        ("fengshao,device=a,kind=k received_ms=6 5",),
        ("fengshao,device=a,kind=k x=1 5",),
    )


def test_reasons() -> None:
    assert reason_of("partial write: max-values-per-tag limit exceeded") is HistoryRefusalReason.OTHER
    assert reason_of("Request Entity Too Large") is HistoryRefusalReason.TOO_LARGE
