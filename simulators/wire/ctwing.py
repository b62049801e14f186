"""China Telecom CTWing (AEP): messages that the platform pushes over HTTP for NB-IoT devices.

Source: the platform's push format (`dataReport`, `deviceOnlineOfflineReport`) from real logs; dictionaries of Li'an gas
alarms (gas_sensor_state 0 normal, 1 low, 2 high; valve_state 0 open, 1 closed), Li'an smoke alarms (`notification`) and
Metout water meters (currentReading, reverseFlow, tampering). No signature of these pushes is documented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from domain import Value
from simulators.events import Measurement
from simulators.wire import HttpPush, MessageHeader
from simulators.wire.fields import BINARY, DeviceFormat, Field, by_fields, pick_format

_TENANT: Final = "10000000"
_TOPIC: Final = "v1/up/ad19prof"
_PRODUCTS: Final[Mapping[str, str]] = {"gas_alarm": "15017088", "smoke_alarm": "15014772", "water_meter": "15058806"}


_GAS: Final = by_fields(
    {
        "alarm": Field("gas_sensor_state", words=BINARY),
        "lel_pct": Field("gas_value", digits=0),
        "fault": Field("error_code", words=BINARY),
        "valve_closed": Field("valve_state", words=BINARY),
        "temp_c": Field("temperature", digits=0),
        "battery_v": Field("battery_voltage", digits=2),
        "battery_pct": Field("battery_value", digits=0),
    }
)
_METER: Final = by_fields(
    {
        "volume_m3": Field("currentReading", digits=3),
        "flow_m3h": Field("currentFlow", digits=3),
        "backflow": Field("reverseFlow", words=BINARY),
        "burst": Field("highFlow", words=BINARY),
        "leak": Field("leaking", words=BINARY),
        "tamper": Field("tampering", words=BINARY),
        "battery_pct": Field("batteryLevel", digits=0),
    }
)
_SMOKE: Final = by_fields(
    {
        "temp_c": Field("TData", digits=0),
        "battery_pct": Field("Battery_Level", digits=0),
        "rssi_dbm": Field("RSRP", scale=-1, digits=0),
    }
)
_SMOKE_STATES: Final = (("alarm", 1), ("test", 14), ("tamper", 10), ("fault", 5), ("battery_low", 4))
"""Li'an's `Alarm_Status` has one state at a time: 1 alarm, 14 simulated alarm, 10 taken off, 5 fault, 4 low battery."""
_SMOKE_NORMAL: Final = 7


def _smoke(header: MessageHeader, values: Mapping[str, Value]) -> Mapping[str, object]:
    state = next((code for quantity, code in _SMOKE_STATES if values.get(quantity)), _SMOKE_NORMAL)
    data = {"SNR": 1, "CSQ": 5, "IMEI": header.identity, "Alarm_Status": state, **_SMOKE(values)}
    return {"serviceId": "notification", "serviceData": data}


def _gas(values: Mapping[str, Value]) -> Mapping[str, object]:
    return {"medium": 0, "fan_state": 2, **_GAS(values)}


_FORMATS: Final[Mapping[str, DeviceFormat]] = {"gas_alarm": _gas, "water_meter": _METER}


def encode(measurement: Measurement, header: MessageHeader) -> list[HttpPush]:
    """A `dataReport`. `identity`: the IMEI; the time is that of the platform."""
    payload: Mapping[str, object]
    if header.kind == "smoke_alarm":
        payload = _smoke(header, measurement.values)
    else:
        payload = pick_format(_FORMATS, header.model, header.kind)(measurement.values)
    body = _envelope(header, "dataReport") | {
        "upPacketSN": -1,
        "upDataSN": -1,
        "topic": _TOPIC,
        "serviceId": "",
        "payload": payload,
        "deviceType": "",
        "assocAssetId": "",
        "IMSI": "undefined",
    }
    return [_push(body)]


def encode_online(header: MessageHeader, online: bool) -> list[HttpPush]:
    """A `deviceOnlineOfflineReport`: a device in power saving mode goes offline after every report."""
    body = _envelope(header, "deviceOnlineOfflineReport") | {"iccid": "undefined", "eventType": int(online)}
    return [_push(body)]


def _envelope(header: MessageHeader, message_type: str) -> dict[str, object]:
    return {
        "timestamp": header.at,
        "tenantId": _TENANT,
        "protocol": "lwm2m",
        "productId": _PRODUCTS.get(header.kind, "15114816"),
        "messageType": message_type,
        "deviceId": header.identity.rjust(32, "0"),
        "IMEI": header.identity,
    }


def _push(body: Mapping[str, object]) -> HttpPush:
    return HttpPush("ctwing", msgspec.json.encode(body), _TOPIC, headers={"Content-Type": "application/json"})
