"""What LoRaWAN devices send: the bytes of their radio frames, and the object that the vendor's published codec makes of
them.

Sources: READMEs of Milesight's SensorDecoders (GS101, EM300-MCS, EM300-SLD, EM310-TILT, WS101, WS202), test data of
ChirpStack's device profiles (Yobiiq SD-1001, Dragino LDS02), codecs and examples of The Things Network's device
repository (Netvox RA02A, Dingtek DC413 and DF702). A test compares frames with those printed there.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from domain import Value

_MILESIGHT_PORT: Final = 85
_TILT_THRESHOLD_DEG: Final = 20.0
_HIGH_TEMPERATURE_C: Final = 60
_WELL_DEPTH_MM: Final = 1700
_BIN_DEPTH_MM: Final = 2000


class RadioFrame(Struct, frozen=True):
    """`decoded` is the output of the vendor's codec for `data`."""

    port: int
    data: bytes
    decoded: Mapping[str, object]


RadioFormat = Callable[[Mapping[str, Value]], RadioFrame]


class _Channels:
    """Milesight's sequence of channel id, channel type, value."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._values, self._data = values, b""
        self._decoded: dict[str, object] = {}

    def percent(self, quantity: str, header: str, field: str) -> _Channels:
        if quantity in self._values:
            number = _byte(float(self._values[quantity]))
            self.add(header, bytes([number]), {field: number})
        return self

    def tenths(self, quantity: str, header: str, field: str) -> _Channels:
        """A signed number with one decimal."""
        if quantity in self._values:
            tenths = _signed(float(self._values[quantity]) * 10)
            self.add(header, struct.pack("<h", tenths), {field: tenths / 10})
        return self

    def verdict(self, quantity: str, header: str, field: str, words: tuple[str, str]) -> _Channels:
        """`words` for true and false."""
        if quantity in self._values:
            is_true = bool(self._values[quantity])
            self.add(header, bytes([is_true]), {field: words[0 if is_true else 1]})
        return self

    def event(self, quantity: str, header: str, code: int, decoded: Mapping[str, object]) -> _Channels:
        """Only when it is true."""
        if self._values.get(quantity):
            self.add(header, bytes([code]), decoded)
        return self

    def add(self, header: str, data: bytes, decoded: Mapping[str, object]) -> None:
        self._data += bytes.fromhex(header) + data
        self._decoded |= decoded

    def frame(self) -> RadioFrame:
        return RadioFrame(_MILESIGHT_PORT, self._data, self._decoded)


def _gs101(values: Mapping[str, Value]) -> RadioFrame:
    """Combustible gas. It has no battery and reports no concentration."""
    channels = _Channels(values).verdict("alarm", "058e", "gas_status", ("alarm", "normal"))
    if values.get("fault") is False and "alarm" not in values:
        channels.add("ff3f", b"\x03", {"alarm": "device fault recovered"})
    channels.event("fault", "ff3f", 2, {"alarm": "device fault"})
    return channels.event("expired", "ff3f", 5, {"alarm": "device invalid"}).frame()


def _em300_mcs(values: Mapping[str, Value]) -> RadioFrame:
    """Door magnet."""
    channels = _Channels(values).percent("battery_pct", "0175", "battery").tenths("temp_c", "0367", "temperature")
    return channels.verdict("opened", "0600", "magnet_status", ("open", "close")).frame()


def _em300_sld(values: Mapping[str, Value]) -> RadioFrame:
    """Water leak."""
    channels = _Channels(values).percent("battery_pct", "0175", "battery").tenths("temp_c", "0367", "temperature")
    return channels.verdict("leak", "0500", "leakage_status", ("leak", "normal")).frame()


def _em310_tilt(values: Mapping[str, Value]) -> RadioFrame:
    """Tilt of a manhole cover, which lies flat: the x axis tilts with it; its threshold is set to 20°."""
    channels = _Channels(values).percent("battery_pct", "0175", "battery")
    tilt_deg = float(values.get("tilt_deg", 90.0 if values.get("opened") else 0.0))
    is_open = bool(values.get("opened", abs(tilt_deg) > _TILT_THRESHOLD_DEG))
    hundredths = _signed(tilt_deg * 100)
    words = {True: "trigger", False: "normal"}
    decoded = {
        "angle_x": hundredths / 100,
        "angle_y": 0,
        "angle_z": 0,
        "threshold_x": words[is_open],
        "threshold_y": "normal",
        "threshold_z": "normal",
    }
    channels.add("03cf", struct.pack("<hhhB", hundredths, 0, 0, int(is_open)), decoded)
    return channels.frame()


def _ws101(values: Mapping[str, Value]) -> RadioFrame:
    """A button; a call for help is a short press."""
    channels = _Channels(values).percent("battery_pct", "0175", "battery")
    return channels.event("sos", "ff2e", 1, {"button_event": {"status": "short press"}}).frame()


def _ws202(values: Mapping[str, Value]) -> RadioFrame:
    """Passive infrared motion sensor."""
    channels = _Channels(values).percent("battery_pct", "0175", "battery")
    return channels.verdict("occupied", "0300", "pir", ("trigger", "normal")).frame()


def _sd1001(values: Mapping[str, Value]) -> RadioFrame:
    """Smoke alarm. Every frame has all seven channels."""
    battery = _byte(float(values.get("battery_pct", 100)))
    bits = {
        "powerEvent": (1, "AC Power On", "AC Power Off"),
        "lowBatteryAlarm": (int(bool(values.get("battery_low"))), "Alarm", "Normal"),
        "faultAlarm": (int(bool(values.get("fault"))), "Alarm", "Normal"),
        "smokeAlarm": (int(bool(values.get("alarm"))), "Alarm", "Normal"),
        "interconnectAlarm": (0, "Alarm", "Normal"),
        "testButtonPressed": (int(bool(values.get("test"))), "Pushed", "Normal"),
    }
    data = bytes([1, 0, battery]) + b"".join(
        bytes([channel, 0, bit]) for channel, (bit, _, _) in enumerate(bits.values(), 2)
    )
    decoded: dict[str, object] = {"batteryLevelInPercentage": battery}
    decoded |= {name: set_word if bit else clear_word for name, (bit, set_word, clear_word) in bits.items()}
    identification = {"codecVersion": "1.1.0", "deviceModel": "SD-1001", "productCode": "1002015"}
    return RadioFrame(8, data, decoded | identification | {"manufacturer": "YOBIIQ B.V."})


def _lds02(values: Mapping[str, Value]) -> RadioFrame:
    """Door magnet with counters, which stay 0 here. The two upper bits of the first word are states."""
    is_open = bool(values.get("opened"))
    millivolts = _unsigned(float(values.get("battery_v", 3.0)) * 1000, 0x3FFF)
    data = struct.pack(">HB", is_open << 15 | millivolts, 1) + bytes(7)
    decoded = {
        "Node_type": "LDS02",
        "BAT_V": millivolts / 1000,
        "MOD": 1,
        "DOOR_OPEN_STATUS": int(is_open),
        "DOOR_OPEN_TIMES": 0,
        "LAST_DOOR_OPEN_DURATION": 0,
        "ALARM": 0,
    }
    return RadioFrame(10, data, decoded)


def _ra02a(values: Mapping[str, Value]) -> RadioFrame:
    """Smoke alarm with temperature: volt in tenths, two alarm bytes, temperature in tenths."""
    tenths_v, tenths_c = _byte(float(values.get("battery_v", 3.0)) * 10), _signed(float(values.get("temp_c", 21)) * 10)
    is_fire, is_hot = bool(values.get("alarm")), tenths_c >= _HIGH_TEMPERATURE_C * 10
    words = {True: "Alarm", False: "No Alarm"}
    data = struct.pack(">BBBBBBh", 1, 10, 1, tenths_v, is_fire, is_hot, tenths_c) + bytes(3)
    decoded = {"Device": "RA02A", "Volt": tenths_v / 10, "FireAlarm": words[is_fire], "HighTempAlarm": words[is_hot]}
    return RadioFrame(6, data, decoded | {"Temp": tenths_c / 10})


def _dingtek(device_type: int, level_mm: int, values: Mapping[str, Value], alarms: tuple[bool, bool]) -> bytes:
    """A heartbeat without position: level, temperature, tilt, nibbles of the alarms (level; tilt, battery)."""
    temp_c, angle = _byte(float(values.get("temp_c", 20))), _byte(abs(float(values.get("tilt_deg", 0))))
    is_full, is_tilted = alarms
    is_low = bool(values.get("battery_low"))
    body = struct.pack(">HBBBB", level_mm, 0, temp_c, 0, angle) + bytes([is_full << 4, is_tilted << 4 | is_low])
    return bytes([0x80, 0, 1, device_type, 0x11]) + body + bytes([0, 1, 0, 0x81])


def _dc413(values: Mapping[str, Value]) -> RadioFrame:
    """Manhole cover: the fall alarm is that of its tilt, the level is measured down from the cover."""
    level_mm = _unsigned(_WELL_DEPTH_MM - float(values.get("water_level_mm", 0)), 0xFFFF)
    alarms = bool(values.get("flooded")), bool(values.get("opened"))
    decoded = {
        "level": level_mm,
        "alarmLevel": alarms[0],
        "alarmFall": alarms[1],
        "alarmBattery": bool(values.get("battery_low")),
        "angle": _byte(abs(float(values.get("tilt_deg", 0)))),
        "temperature": _byte(float(values.get("temp_c", 20))),
        "frameCounter": 1,
    }
    return RadioFrame(3, _dingtek(2, level_mm, values, alarms), decoded)


def _df702(values: Mapping[str, Value]) -> RadioFrame:
    """Waste bin: numbers are texts with their units; the level is measured down from the lid."""
    level_mm = _unsigned(_BIN_DEPTH_MM * (1 - float(values.get("fill_pct", 0)) / 100), 0xFFFF)
    decoded = {
        "level": f"{level_mm} mm",
        "full": bool(values.get("full")),
        "fire": False,
        "tilt": False,
        "battery": bool(values.get("battery_low")),
        "angle": "0 °",
        "temperature": f"{_byte(float(values.get('temp_c', 20)))} ℃",
    }
    return RadioFrame(3, _dingtek(1, level_mm, values, (bool(values.get("full")), False)), decoded)


def _byte(value: float) -> int:
    return _unsigned(value, 0xFF)


def _unsigned(value: float, most: int) -> int:
    """What does not fit is the nearest that does."""
    return min(max(round(value), 0), most)


def _signed(value: float) -> int:
    """In two bytes; what does not fit is the nearest that does."""
    return min(max(round(value), -0x8000), 0x7FFF)


RADIO_FORMATS: Final[Mapping[str, RadioFormat]] = {
    "GS101": _gs101,
    "EM300-MCS": _em300_mcs,
    "EM300-SLD": _em300_sld,
    "EM310-TILT": _em310_tilt,
    "WS101": _ws101,
    "WS202": _ws202,
    "SD-1001": _sd1001,
    "LDS02": _lds02,
    "RA02A": _ra02a,
    "DC413": _dc413,
    "DF702": _df702,
}
"""By model."""


def encode_frame(values: Mapping[str, Value], model: str | None, seq: int) -> RadioFrame:
    """The frame of a model. Another device's frame is its counter, and its decoded fields have our names."""
    encode = RADIO_FORMATS.get(model or "")
    if encode is not None:
        return encode(values)
    return RadioFrame(2, seq.to_bytes(8, "big"), dict(values))
