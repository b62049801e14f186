"""What lies between a quantity and the message about it."""

from __future__ import annotations

import doctest
from itertools import pairwise
from statistics import median

import pytest

import simulators.models.device_behaviour
from domain import DAY, HOUR, MINUTE, SECOND, Device, Identity
from simulators.models.device_behaviour import (
    EPOCH,
    Behaviour,
    Network,
    aligned_ms,
    battery_pct,
    behaviour_of,
    delivery_delay_ms,
    gateway_of,
    heartbeat_jitter,
    heartbeat_phase,
)
from simulators.models.distributions import key_of


def test_the_examples_in_the_docstrings_run() -> None:
    assert doctest.testmod(simulators.models.device_behaviour).failed == 0


def test_a_device_reports_by_its_own_plan_network_and_power_else_by_those_of_its_kind() -> None:
    assert behaviour_of(Device("g", "gas_alarm")) == Behaviour(HOUR, Network.WIRED, 0)
    zigbee = Device("d", "door", identities=(Identity("zigbee2mqtt", "0x1"),))
    assert behaviour_of(zigbee).network is Network.ZIGBEE
    attributes = {"report_every": "6h", "network": "lorawan", "power": "battery"}
    assert behaviour_of(Device("g", "gas_alarm", attributes=attributes)) == Behaviour(6 * HOUR, Network.LORAWAN, 1825)
    assert behaviour_of(Device("x", "bin", attributes={"power": "mains"})).on_mains


def test_reports_are_spread_over_the_interval_and_stay_within_their_hour() -> None:
    for report_ms in (10 * MINUTE, HOUR, 6 * HOUR, DAY):
        phases = [heartbeat_phase(key_of(f"d{number}"), report_ms) for number in range(500)]
        assert min(phases) < report_ms * 0.1
        assert max(phases) > report_ms * 0.8
        assert all(phase % min(report_ms, HOUR) + MINUTE <= min(report_ms, HOUR) for phase in phases)
    assert aligned_ms(36 * HOUR + 7) == 36 * HOUR
    assert 0 <= heartbeat_jitter(7, 3) < MINUTE


def test_a_battery_falls_over_months_and_is_replaced_before_it_alarms() -> None:
    levels = [battery_pct(key_of("smoke-1"), EPOCH + day * DAY, 1825) for day in range(0, 4000, 20)]
    falls = [after - before for before, after in pairwise(levels)]
    assert min(levels) >= 35
    assert max(levels) == 100
    assert sum(fall > 0 for fall in falls) <= 4


def test_nb_iot_takes_seconds_and_now_and_then_half_a_minute() -> None:
    delays = sorted(delivery_delay_ms(Network.NB_IOT, key_of("s"), turn) for turn in range(4000))
    assert 1 * SECOND < median(delays) < 3 * SECOND
    assert 3 * SECOND < delays[3800] < 12 * SECOND
    assert 20 * SECOND < delays[-1] <= 40 * SECOND
    assert max(delivery_delay_ms(Network.ZIGBEE, 1, turn) for turn in range(500)) <= 400


@pytest.mark.parametrize("network", list(Network))
def test_every_network_has_a_delay(network: Network) -> None:
    assert all(0 < delivery_delay_ms(network, 1, turn) <= 40 * SECOND for turn in range(300))


def test_a_device_names_its_gateway() -> None:
    assert gateway_of(Device("d", "door", attributes={"gateway": "gw-1"})) == "gw-1"
    assert gateway_of(Device("d", "door")) is None
