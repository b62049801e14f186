"""The faults by name, with their parameters and what each may rightly change in what people are notified of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from simulators.faults.clocks import ClockJump, ClockSkew
from simulators.faults.fault import AddingFault, Change, ClockFault, MeasurementFault, MessageFault
from simulators.faults.outages import BrokerDown, DeviceOffline, GatewayDown
from simulators.faults.reports import Flapping, PowerCut
from simulators.faults.sensors import Battery, Frozen, Noise, WrongUnits
from simulators.faults.transport import Duplicate, Late, Malformed, Missing, OutOfOrder

Fault = AddingFault | MeasurementFault | ClockFault | MessageFault


class FaultSpec(Struct, frozen=True):
    """How to make a fault from a seed and parameters, which have defaults; `may_change` in Chinese and English."""

    make: Callable[..., Fault]
    parameters: Mapping[str, float]
    may_change_zh: str
    may_change: str
    changes: frozenset[Change] = frozenset()
    """What `may_change` says, for comparisons of two runs: about devices on which the fault acts."""


_LATER: Final = frozenset({Change.LATER})
_LOST: Final = frozenset({Change.LATER, Change.MISSED, Change.FEWER_FALSE})
_MISJUDGED: Final = frozenset(Change)

FAULTS: Final[Mapping[str, FaultSpec]] = {
    "power_cut": FaultSpec(
        PowerCut,
        {"share": 0.002, "shortest_s": 600, "longest_s": 7_200, "within_s": 60},
        "整栋楼停电：各探测器上报故障，合并为一条运维告警；无后备电源的设备离线。",
        "A building without power: its detectors report faults, one alert to maintenance; devices without backup are"
        " absent.",
        _LOST,
    ),
    "flapping": FaultSpec(
        Flapping,
        {"share": 0.000_05, "shortest_s": 300, "longest_s": 1_200, "danger": 0.2},
        "接触不良：第一次报警照常通知，随后作为抖动设备告知运维。",
        "A loose contact: its first alarm is notified like any other, then maintenance is told that the device flaps.",
        frozenset({Change.MORE_FALSE, Change.EARLIER, Change.NOTIFIED}),
    ),
    "wrong_units": FaultSpec(
        WrongUnits,
        {"share": 0.000_05, "shortest_h": 12, "longest_h": 72},
        "单位错误：超出合理范围的数值不参与判断；水表按升上报会被当作大量用水。",
        "Wrong units: implausible values are not evaluated; a meter in litres looks like very high use.",
        _MISJUDGED,
    ),
    "frozen": FaultSpec(
        Frozen,
        {"share": 0.000_2, "shortest_h": 6, "longest_h": 72},
        "数值卡死：依赖数值的判断失效（报警位不受影响）；水表看似长时间无用水。",
        "Frozen numbers: what is judged by a number fails, alarm bits go on; a meter seems to be unused.",
        _LOST | {Change.MORE_FALSE},
    ),
    "noise": FaultSpec(
        Noise,
        {"share": 0.05, "factor": 1.0},
        "数值抖动：接近阈值的数值可能提前或推迟通知。",
        "Noise: a value close to its limit may be notified earlier or later.",
        _MISJUDGED,
    ),
    "battery": FaultSpec(
        Battery,
        {"share": 0.000_1, "shortest_h": 48, "longest_h": 240},
        "电量耗尽：运维收到电量低、离线告警；离线期间的险情无法发现。",
        "A dying battery: maintenance is told of a low battery and of an absent device; dangers meanwhile are missed.",
        _LOST,
    ),
    "clock_skew": FaultSpec(
        ClockSkew,
        {"share": 0.03, "most_s": 300},
        "时钟偏差：通知中的发生时间相差几分钟；快两分钟以上时以收到时间为准，并告知运维。",
        "Clock skew: the time stated in a text differs by minutes; ahead by more than two, arrival time counts and"
        " maintenance is told.",
    ),
    "clock_jump": FaultSpec(
        ClockJump,
        {"share": 0.000_2, "shortest_s": 1_800, "longest_s": 43_200},
        "时钟跳变：偏差过大时以收到时间为准，并告知运维；倒退一天的险情标注为迟到。",
        "A clock that jumps: arrival time counts and maintenance is told; a danger dated a day back is called late.",
    ),
    "device_offline": FaultSpec(
        DeviceOffline,
        {"share": 0.001, "shortest_s": 600, "longest_s": 21_600},
        "设备断网：期间的险情在补传后通知并注明迟到；不补传的设备丢失数据；运维收到离线告警。",
        "A device without connection: dangers meanwhile are notified when they arrive, called late; devices that keep"
        " nothing lose them; maintenance is told that it is absent.",
        _LOST,
    ),
    "gateway_down": FaultSpec(
        GatewayDown,
        {"share": 0.01, "shortest_s": 300, "longest_s": 7_200, "spread_s": 30},
        "网关故障：运维收到一条网关离线告警；期间其下设备的险情迟到或丢失。",
        "A gateway that fails: one alert to maintenance; dangers of the devices behind it come late or are lost.",
        _LOST,
    ),
    "missing": FaultSpec(
        Missing,
        {"share": 0.003},
        "丢失一条消息：周期数据少一次；紧急消息由设备重发，迟到约十秒。",
        "A lost message: a report less; an urgent one is repeated by the device and comes ten seconds late.",
        _LATER,
    ),
    "malformed": FaultSpec(
        Malformed,
        {"share": 0.000_5},
        "报文损坏：记入拒收清单；损坏的报警先按“设备报警但消息不完整”通知，约十秒后设备重发；无法辨认的安全设备报文告知运维。",
        "Malformed bytes are refused and listed; a damaged alarm calls people as an alarm that is incomplete, and is"
        " repeated ten seconds later; maintenance is told of a safety device's message that cannot be read.",
        _LATER,
    ),
    "late": FaultSpec(
        Late,
        {"share": 0.005, "most_s": 1_800, "urgent_most_s": 30},
        "消息迟到，通知相应推迟。",
        "A message is late, so its notification is late by as much.",
        _LATER,
    ),
    "out_of_order": FaultSpec(
        OutOfOrder,
        {"share": 0.01, "most_s": 8},
        "消息乱序：按设备时间排列，通知最多推迟几秒。",
        "Out of order: messages are ordered by device time; a notification is late by seconds at most.",
        _LATER,
    ),
    "duplicate": FaultSpec(
        Duplicate,
        {"share": 0.01, "within_s": 30},
        "没有时间和序号的平台上，按键消息重复一次即视为再按一次，不另行通知。",
        "On a platform without time and sequence number a repeated press counts as another press; no further message.",
    ),
    "broker_down": FaultSpec(
        BrokerDown,
        {"share": 0.1, "shortest_s": 60, "longest_s": 600, "spread_s": 20},
        "消息代理中断：QoS 1 消息在恢复后到达并注明迟到，QoS 0 消息丢失；运维收到中断告警。",
        "The broker is down: QoS 1 messages arrive afterwards, called late; QoS 0 messages are lost; maintenance is"
        " told.",
        _LOST,
    ),
}
"""In the order in which measurements and messages pass them: from the device to the service."""


class UnknownFault(ValueError):
    """A fault or parameter that does not exist."""


def make_fault(name: str, seed: int, parameters: Mapping[str, float] | None = None) -> Fault:
    """The fault of this name; `parameters` replace defaults. Raises UnknownFault."""
    if (spec := FAULTS.get(name)) is None:
        raise UnknownFault(f"no fault {name!r}; write one of: {', '.join(FAULTS)}")
    given = parameters or {}
    if unknown := given.keys() - spec.parameters.keys():
        parameter_names = ", ".join(spec.parameters)
        raise UnknownFault(f"{name}: no parameter {', '.join(sorted(unknown))}; write one of: {parameter_names}")
    return spec.make(seed, **{**spec.parameters, **given})
