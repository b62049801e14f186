"""Wrong clocks."""

from __future__ import annotations

from domain import DAY, HOUR, SECOND
from simulators.faults.clocks import ClockJump, ClockSkew
from simulators.faults.fault import DeviceFacts

MONDAY = 20_787 * DAY
DEVICES = [DeviceFacts(f"d-{number}", "gas_alarm", "native") for number in range(1_000)]


def test_the_share_of_clocks_is_wrong_by_the_same_at_any_time() -> None:
    fault = ClockSkew(5, share=0.1, most_s=300)
    offsets = [fault.offset_ms(device, MONDAY) for device in DEVICES]
    assert 60 < sum(offset != 0 for offset in offsets) < 140
    assert all(-300 * SECOND <= offset <= 300 * SECOND for offset in offsets)
    assert [fault.offset_ms(device, MONDAY + DAY) for device in DEVICES] == offsets
    effects = [effect for device in DEVICES for effect in fault.effects(device, MONDAY, MONDAY + DAY)]
    assert len(effects) == sum(offset != 0 for offset in offsets)


def test_a_clock_that_jumps_shows_2000_a_day_before_an_hour_ahead_or_a_year_ahead() -> None:
    fault = ClockJump(5, share=1.0, shortest_s=3_600, longest_s=3_600)
    jumps = set()
    for device in DEVICES[:100]:
        (effect, *_) = fault.effects(device, MONDAY + HOUR, MONDAY + 2 * DAY)
        jumps.add(effect.start // DAY + fault.offset_ms(device, effect.start) // DAY - MONDAY // DAY)
        assert fault.offset_ms(device, effect.start) != 0
    assert {jump // 100 for jump in jumps} == {-99, -1, 0, 3}
