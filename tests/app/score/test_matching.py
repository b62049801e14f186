import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.score.matching import AFTER_MS, Status, is_about, match
from app.score.records import Danger, Text
from domain import MINUTE
from simulators.events import Incident

T = 1_795_269_600_000
PARENTS = {"h1": "b1", "h2": "b1", "h3": "b2", "b1": "yard", "b2": "yard"}


def places_of(place: str | None) -> tuple[str, ...]:
    chain: list[str] = []
    while place is not None:
        chain.append(place)
        place = PARENTS.get(place)
    return tuple(chain)


def incident(
    id_: str = "leak", begin: int = T, notify_by: int | None = T + 5 * MINUTE, roles: tuple[str, ...] = ()
) -> Incident:
    return Incident(
        id_, "kitchen_leak", "漏气", "gas", begin, begin + 20 * MINUTE, ("gas-1",), notify_by, "h1", roles=roles
    )


def danger(begin: int = T, hazard: str = "gas", device: str | None = "gas-1", place: str = "h1") -> Danger:
    return Danger("gas-alarm", hazard, "critical", begin, device, places_of(place))


def text(at: int, *dangers: Danger, alert: int = 1, role: str = "worker", calls: bool = True) -> Text:
    return Text(at, "199", "li", role, "alert", alert, "danger", "critical", "漏气", "...", calls, dangers)


def test_the_first_text_to_somebody_responsible_counts():
    texts = [
        text(T + 10_000, danger(), role="family"),
        text(T + 20_000, danger(), calls=False),
        text(T + 30_000, danger()),
        text(T + 40_000, danger()),
    ]
    (outcome,) = match([incident()], texts, places_of).outcomes
    assert (outcome.status, outcome.delay_ms) == (Status.IN_TIME, 30_000)


@pytest.mark.parametrize(
    ("severity", "status"),
    [("critical", Status.MISSED), ("high", Status.MISSED), ("medium", Status.IN_TIME), ("low", Status.IN_TIME)],
)
def test_an_entry_of_the_logbook_tells_nobody_of_a_danger_that_needs_a_phone(severity: str, status: Status):
    entry = msgspec.structs.replace(text(T + 30_000, danger()), phone="", severity=severity)
    assert match([incident()], [entry], places_of).outcomes[0].status is status


def test_a_text_after_the_deadline_is_late_and_none_at_all_is_a_miss():
    late = match([incident()], [text(T + 6 * MINUTE, danger())], places_of).outcomes[0]
    missed = match([incident()], [], places_of).outcomes[0]
    assert (late.status, missed.status, missed.delay_ms) == (Status.LATE, Status.MISSED, None)


def test_where_roles_are_named_only_their_text_counts():
    (outcome,) = match([incident(roles=("clinic",))], [text(T + 1, danger())], places_of).outcomes
    assert outcome.status is Status.MISSED


def test_an_alert_about_a_nuisance_or_about_nothing_is_false():
    nuisance = incident("boil_over", notify_by=None)
    matches = match([nuisance], [text(T + 1, danger()), text(T + 2, danger(hazard="fire"), alert=2)], places_of)
    assert [(one.alert, one.is_false, one.nuisances) for one in matches.alerts] == [
        (1, True, ("boil_over",)),
        (2, True, ()),
    ]
    assert matches.outcomes[0].status is Status.NUISANCE_NOTIFIED


def test_hazard_time_and_device_person_or_place_must_agree():
    one = incident()
    assert is_about(danger(), one, places_of)
    assert is_about(danger(device="gas-2"), one, places_of), "another device of the same flat"
    assert not is_about(danger(device="gas-3", place="h3"), one, places_of)
    assert is_about(danger(device=None, place="b1"), one, places_of), "a finding about the building"
    assert not is_about(danger(device=None, place="b2"), one, places_of)
    assert not is_about(danger(hazard="fire"), one, places_of)
    assert not is_about(danger(begin=T - 3 * MINUTE), one, places_of)
    assert not is_about(danger(begin=one.end + AFTER_MS + 1), one, places_of)


INSTANTS = st.integers(T - 60 * MINUTE, T + 120 * MINUTE)
DANGERS = st.builds(
    Danger,
    st.just("gas-alarm"),
    st.sampled_from(["gas", "fire"]),
    st.just("high"),
    INSTANTS,
    st.sampled_from(["gas-1", "gas-2", None]),
    st.sampled_from(["h1", "h2", "h3", "b1"]).map(places_of),
)
TEXTS = st.lists(
    st.builds(
        lambda at, alert, dangers, role, calls: text(at, *dangers, alert=alert, role=role, calls=calls),
        INSTANTS,
        st.integers(1, 4),
        st.lists(DANGERS, max_size=3),
        st.sampled_from(["worker", "family", "lead"]),
        st.booleans(),
    ),
    max_size=12,
)
INCIDENTS = st.lists(
    st.builds(
        lambda number, begin, owed: incident(str(number), begin, begin + 5 * MINUTE if owed else None),
        st.integers(0, 99),
        INSTANTS,
        st.booleans(),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)


@given(INCIDENTS, TEXTS)
def test_every_incident_and_every_alert_is_counted_once(incidents: list[Incident], texts: list[Text]):
    matches = match(incidents, texts, places_of)
    assert [outcome.incident.id for outcome in matches.outcomes] == [one.id for one in incidents]
    expected = [outcome for outcome in matches.outcomes if outcome.incident.notify_by is not None]
    caught = [outcome for outcome in expected if outcome.text is not None]
    missed = [outcome for outcome in expected if outcome.status is Status.MISSED]
    assert len(caught) + len(missed) == len(expected)
    assert sorted(one.alert for one in matches.alerts) == sorted({one.alert for one in texts if one.calls})
    real = {one.id for one in incidents if one.notify_by is not None}
    for alert in matches.alerts:
        assert set(alert.incidents) <= real
        assert not set(alert.nuisances) & real


@given(INCIDENTS, TEXTS)
def test_the_order_of_texts_and_incidents_changes_nothing(incidents: list[Incident], texts: list[Text]):
    forward = match(incidents, texts, places_of)
    backward = match(incidents[::-1], texts, places_of)
    assert {one.incident.id: one.status for one in forward.outcomes} == {
        one.incident.id: one.status for one in backward.outcomes
    }
    assert forward.alerts == backward.alerts


def test_a_wrong_clock_and_a_late_report_do_not_make_a_danger_another_one():
    behind = msgspec.structs.replace(danger(T - 4 * MINUTE), received=T + 20_000)
    kept = msgspec.structs.replace(danger(T + MINUTE), received=T + 300 * MINUTE)
    for one in (behind, kept):
        assert is_about(one, incident(), places_of)
    assert not is_about(msgspec.structs.replace(behind, received=T - 4 * MINUTE), incident(), places_of)
