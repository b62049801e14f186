"""Random histories of a gateway and its devices: crashes and repetitions change nothing, and no device is reported
absent while its gateway is.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from domain import HOUR, MINUTE, Device, Finding, FindingPhase, Reading
from domain.kind import Kind
from domain.people import community
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook
from tests.support.long_form import examples

T0 = 1_767_225_600_000
NAMES = ["d-0", "d-1", "d-2", "d-3"]
DEVICES = [
    Device("gw", "gateway"),
    *(Device(name, "door", attributes={"gateway": "gw", "report_every": "10m"}) for name in NAMES),
]
History = list[tuple[int, str, str]]
histories = st.lists(
    st.tuples(
        st.sampled_from([1, 5, 9, 30, 60]),
        st.sampled_from(["gw", *NAMES]),
        st.sampled_from(["speaks", "speaks", "speaks", "gone", "back"]),
    ),
    max_size=40,
)


def engine_of(books: dict[str, Rulebook], kinds: dict[str, Kind]) -> Engine:
    engine = Engine([books["device"]], kinds, community())
    engine.register(DEVICES, T0)
    return engine


def apply(engine: Engine, at: int, name: str, change: str) -> list[Finding]:
    if change == "gone":
        return engine.mark_offline([name], at)
    if change == "back" or name == "gw":
        return engine.record_alive([name], at)
    return engine.feed([Reading(name, "door", at, at, {"opened": False})], at)


@settings(max_examples=examples(25, short=10), deadline=None)
@given(history=histories)
def test_a_crash_anywhere_and_every_change_twice_change_nothing(
    books: dict[str, Rulebook], kinds: dict[str, Kind], history: History
) -> None:
    steady, crashing, steady_findings, crashing_findings, now = (
        engine_of(books, kinds),
        engine_of(books, kinds),
        list[Finding](),
        [],
        T0,
    )
    for minutes, name, change in history:
        now += minutes * MINUTE
        steady_findings += apply(steady, now, name, change)
        snapshot, crashing = crashing.snapshot(), Engine([books["device"]], kinds, community())
        crashing.restore(snapshot)
        crashing.register(reversed(DEVICES), now)
        crashing_findings += apply(crashing, now, name, change)
        crashing_findings += apply(crashing, now, name, change)
    assert [*steady_findings, *steady.tick(now + 12 * HOUR)] == [*crashing_findings, *crashing.tick(now + 12 * HOUR)]


@settings(max_examples=examples(25, short=10), deadline=None)
@given(history=histories)
def test_no_device_is_reported_absent_while_its_gateway_is_and_absences_of_the_gateway_alternate(
    books: dict[str, Rulebook], kinds: dict[str, Kind], history: History
) -> None:
    engine, findings, now = engine_of(books, kinds), list[Finding](), T0
    for minutes, name, change in history:
        now += minutes * MINUTE
        findings += apply(engine, now, name, change)
    findings += engine.tick(now + 12 * HOUR)
    gateway_absent = False
    for finding in findings:
        if finding.rule == "gateway-offline":
            assert (finding.phase is FindingPhase.BEGAN) is not gateway_absent
            gateway_absent = finding.phase is FindingPhase.BEGAN
        elif finding.rule == "device-offline":
            assert not (gateway_absent and finding.phase is FindingPhase.BEGAN)
    # All devices are silent in the end, and this is reported of the gateway or of each of them.
    assert gateway_absent or {"d-0", "d-1", "d-2", "d-3"} <= {finding.device for finding in findings}
