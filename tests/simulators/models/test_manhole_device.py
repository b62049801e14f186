"""When the device under a cover reports beside its plan."""

from msgspec.structs import replace

from simulators.models.manhole_device import DETECT_MS, ManholeState, manhole_device

QUIET = ManholeState(40, 0.1, 1.0, 0.6)


def test_small_changes_wait_for_the_plan() -> None:
    assert not replace(QUIET, level_mm=200, ch4_pct=0.4, h2s_ppm=8.0).differs(QUIET, 2000)


def test_water_gas_and_a_full_well_do_not() -> None:
    assert replace(QUIET, level_mm=240).differs(QUIET, 2000)
    assert replace(QUIET, ch4_pct=0.7).differs(QUIET, 2000)
    assert replace(QUIET, h2s_ppm=11.0).differs(QUIET, 2000)
    assert replace(QUIET, level_mm=1700).differs(replace(QUIET, level_mm=1690), 2000)


def test_a_cover_is_opened_from_twenty_degrees_on_either_way() -> None:
    assert replace(QUIET, tilt_deg=-20.0).is_opened
    assert not replace(QUIET, tilt_deg=19.0).is_opened


def test_devices_at_rest_are_nearly_level_and_measure_at_their_own_second() -> None:
    devices = [manhole_device(f"manhole-{number}", 1) for number in range(50)]
    assert all(0.0 <= one.rest_deg < 2.0 and one.phase_ms < DETECT_MS for one in devices)
    assert len({one.phase_ms for one in devices}) > 30
    assert manhole_device("manhole-1", 1) == devices[1]


def test_gas_and_a_full_well_are_reported_at_once_and_again() -> None:
    assert replace(QUIET, h2s_ppm=10.0).is_danger(2000)
    assert replace(QUIET, ch4_pct=1.25).is_danger(2000)
    assert replace(QUIET, level_mm=1700).is_danger(2000)
    assert not QUIET.is_danger(2000)
