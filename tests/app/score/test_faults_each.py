"""Which differences between two runs a fault explains."""

from msgspec import structs

from app.score.faults_each import changes_of_fault, differences, unexplained
from app.score.matching import Matches, NotifiedAlert, Outcome, Status
from app.score.metrics import Run, figures
from app.score.records import Danger, Text
from app.score.run import Result
from app.score.settings import START
from domain import DAY, MINUTE, Instant
from simulators.events import Incident
from simulators.faults.fault import Change, Effect

BEGIN = START + DAY
LEAK = Incident("leak", "leak", "漏气", "gas", BEGIN, BEGIN + 15 * MINUTE, ("gas-402",), BEGIN + MINUTE)
AT = LEAK.begin + MINUTE // 2


def text(at: Instant, rule: str = "gas-alarm", device: str | None = "gas-402") -> Text:
    danger = Danger(rule, "gas", "critical", at, device, ("h402", "b3"))
    return Text(at, "139", "li", "worker", "alert", 1, "danger", "critical", "燃气泄漏", "…", True, (danger,))


def result(
    status: Status, at: Instant | None = None, false: tuple[Text, ...] = (), effects: tuple[Effect, ...] = ()
) -> Result:
    outcome = Outcome(LEAK, status, None if at is None else text(at))
    matches = Matches((outcome,), tuple(NotifiedAlert(n, one, (), ()) for n, one in enumerate(false)))
    run = figures(Run("small", 1, 2, (), 10, 5, ("li",), START), matches, [])
    places = {"gas-402": ("h402", "b3"), "gas-501": ("h501", "b3"), "gas-9": ("h9", "b9")}
    return Result(run, matches, [], [], [LEAK], list(effects), places)


def effect(device: str, at: Instant = AT) -> Effect:
    return Effect("late", device, at, at)


BASE = result(Status.IN_TIME, AT)


def test_a_fault_explains_what_it_may_cause_on_the_devices_on_which_it_acted():
    later = result(Status.IN_TIME, AT + 5 * MINUTE, effects=(effect("gas-402"),))
    found = differences(BASE, later)
    assert [one.change for one in found] == [Change.LATER]
    assert unexplained("late", found, later) == []
    first, delay = changes_of_fault("late", BASE, later, "en")
    assert first.startswith("late, 1 x: 1 (+0 texts)")
    assert delay == "  leak: 30 s -> 330 s"


def test_what_happens_to_a_device_on_which_it_did_not_act_is_not_explained():
    for effects in ((), (effect("gas-9"),), (effect("gas-402", AT - 3 * DAY),)):
        later = result(Status.IN_TIME, AT + 5 * MINUTE, effects=effects)
        assert unexplained("late", differences(BASE, later), later), effects
    assert "[unexplained]" in list(changes_of_fault("late", BASE, later, "en"))[1]


def test_what_a_fault_may_not_cause_is_not_explained_even_where_it_acted():
    missed = result(Status.MISSED, effects=(effect("gas-402"),))
    assert [one.change for one in unexplained("late", differences(BASE, missed), missed)] == [Change.MISSED]
    assert unexplained("gateway_down", differences(BASE, missed), missed) == []
    assert [one.change for one in differences(missed, BASE)] == [Change.NOTIFIED]


def test_false_alerts_are_of_a_device_or_of_a_place_in_which_it_acted():
    building = text(AT, "gas-building", None)
    more = result(Status.IN_TIME, AT, false=(building,), effects=(effect("gas-402"),))
    (found,) = differences(BASE, more)
    assert found.change is Change.MORE_FALSE
    assert unexplained("flapping", [found], more) == []
    assert unexplained("late", [found], more) == [found]
    (fewer,) = differences(more, BASE)
    assert fewer.change is Change.FEWER_FALSE


def test_only_texts_on_phones_count_by_the_role_of_their_reader():
    entry = structs.replace(text(AT), phone="", role="maintenance")
    more = structs.replace(BASE, texts=[entry, text(AT), structs.replace(text(AT), role="lead")])
    fewer = structs.replace(BASE, texts=[text(AT), text(AT)])
    assert "(+0 (lead +1, worker -1) texts)" in next(changes_of_fault("late", fewer, more, "en"))
    assert "(+0 texts)" in next(changes_of_fault("late", more, more, "en"))


def test_the_same_false_alert_under_another_name_is_no_change():
    unreadable = text(AT, "unreadable-danger")
    both = structs.replace(unreadable, at=AT + MINUTE, dangers=(*unreadable.dangers, *text(AT).dangers))
    before = result(Status.IN_TIME, AT, false=(text(AT),))
    opened_by_another = structs.replace(result(Status.IN_TIME, AT, false=(unreadable,)), texts=[numbered(both, 0)])
    assert differences(before, opened_by_another) == []
    alone = result(Status.IN_TIME, AT, false=(unreadable,))
    assert [one.change for one in differences(before, alone)] == [Change.MORE_FALSE, Change.FEWER_FALSE]
    elsewhere = result(Status.IN_TIME, AT, false=(text(AT, device="gas-9"),))
    assert [one.change for one in differences(before, elsewhere)] == [Change.MORE_FALSE, Change.FEWER_FALSE]


def numbered(one: Text, alert: int) -> Text:
    return structs.replace(one, alert=alert)


def test_faults_of_people_explain_by_what_they_may_cause_alone():
    later = result(Status.LATE, AT + 5 * MINUTE)
    found = differences(BASE, later)
    assert unexplained("provider_down", found, later) == []
    assert unexplained("workers_late", found, later) == found
