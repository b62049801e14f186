"""Outages of devices, gateways and the broker."""

from __future__ import annotations

from domain import DAY, MINUTE, SECOND
from simulators.faults.fault import DeviceFacts
from simulators.faults.outages import BrokerDown, DeviceOffline, GatewayDown
from simulators.wire import HttpPush, Message, Sent

MONDAY = 20_787 * DAY
NATIVE = DeviceFacts("gas-1", "gas_alarm", "native", "gw-1")
ZIGBEE = DeviceFacts("door-1", "door", "zigbee2mqtt", "gw-1")
GATEWAY = DeviceFacts("gw-1", "gateway", "native")
ALONE = DeviceFacts("gas-2", "gas_alarm", "native")


def sent(device: DeviceFacts, at: int, qos: int = 1) -> Sent:
    return Sent(at, at, device.id, Message("t", b"{}", qos))


def window(fault: DeviceOffline | GatewayDown | BrokerDown, device: DeviceFacts) -> tuple[int, int]:
    effect = next(one for one in fault.effects(device, MONDAY, MONDAY + 3 * DAY) if one.start > MONDAY)
    return effect.start, effect.end


def test_what_a_device_kept_arrives_together_when_its_connection_returns() -> None:
    fault = DeviceOffline(5, share=1.0, shortest_s=600, longest_s=600)
    start, end = window(fault, NATIVE)
    arrived = [fault.transmit(NATIVE, sent(NATIVE, start + minute * MINUTE)) for minute in range(10)]
    assert [one.arrives_at for (one,) in arrived] == [end] * 10
    assert fault.transmit(NATIVE, sent(NATIVE, end)) == (sent(NATIVE, end),)


def test_a_radio_device_keeps_nothing() -> None:
    fault = DeviceOffline(5, share=1.0, shortest_s=600, longest_s=600)
    start, _ = window(fault, ZIGBEE)
    assert fault.transmit(ZIGBEE, sent(ZIGBEE, start)) == ()


def test_a_gateway_that_fails_takes_its_devices_with_it() -> None:
    fault = GatewayDown(5, share=1.0, shortest_s=600, longest_s=600, spread_s=30)
    start, end = window(fault, NATIVE)
    (kept,) = fault.transmit(NATIVE, sent(NATIVE, start))
    assert end <= kept.arrives_at <= end + 30 * SECOND
    assert fault.transmit(ZIGBEE, sent(ZIGBEE, start)) == ()
    assert fault.transmit(GATEWAY, sent(GATEWAY, start)) == ()
    assert fault.transmit(ALONE, sent(ALONE, start)) == (sent(ALONE, start),)


def test_during_an_outage_of_the_broker_qos_1_waits_qos_0_is_lost_and_pushes_arrive() -> None:
    fault = BrokerDown(5, share=1.0, shortest_s=600, longest_s=600, spread_s=20)
    start, end = window(fault, NATIVE)
    (kept,) = fault.transmit(NATIVE, sent(NATIVE, start))
    assert end <= kept.arrives_at <= end + 20 * SECOND
    assert fault.transmit(NATIVE, sent(NATIVE, start, qos=0)) == ()
    pushed = Sent(start, start, "gas-1", HttpPush("ctwing", b"{}"))
    assert fault.transmit(NATIVE, pushed) == (pushed,)
    assert fault.transmit(NATIVE, sent(NATIVE, start - 1)) == (sent(NATIVE, start - 1),)


def test_messages_of_one_device_keep_their_order_after_an_outage() -> None:
    fault = BrokerDown(5, share=1.0, shortest_s=600, longest_s=600, spread_s=20)
    start, _ = window(fault, NATIVE)
    arrivals = {fault.transmit(NATIVE, sent(NATIVE, start + number))[0].arrives_at for number in range(50)}
    assert len(arrivals) == 1
