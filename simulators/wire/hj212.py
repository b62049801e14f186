"""HJ 212-2017, the text frames of China's environmental monitoring, tunnelled through MQTT: `hj212/{MN}`.

Source: HJ 212-2017 sections 6.3 (frame, CN=2011 real-time data, field `Flag`) and annex A (CRC16); codes of HJ 524-2009
(a21005 carbon monoxide, a21028 hydrogen sulphide, a01001 temperature). Concentrations are mg/m³ at 0 °C and
101.325 kPa. What the standard has no code for (a cover, a water level, methane in % by volume) is a factor of the
operator's own, with our name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import Value
from simulators.events import Measurement
from simulators.wire import Message, MessageHeader
from simulators.wire.fields import Field, encode_value
from simulators.wire.times import beijing

MOLAR_VOLUME_L: Final = 22.4
_CO_G_PER_MOL: Final = 28.01
_H2S_G_PER_MOL: Final = 34.08
_FACTORS: Final[Mapping[str, Field]] = {
    "co_ppm": Field("a21005", scale=_CO_G_PER_MOL / MOLAR_VOLUME_L, digits=3),
    "h2s_ppm": Field("a21028", scale=_H2S_G_PER_MOL / MOLAR_VOLUME_L, digits=3),
    "temp_c": Field("a01001", digits=1),
}
_SYSTEM: Final = 31
"""ST: ambient air pollution sources (table 5)."""


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """Real-time data of all factors. `identity`: MN, 24 characters."""
    factors = [_factor(quantity, value) for quantity, value in measurement.values.items()]
    at = beijing(header.at)
    request = f"QN={at:%Y%m%d%H%M%S}{header.at % 1000:03d};ST={_SYSTEM};CN=2011;PW=123456;MN={header.identity};Flag=4"
    data = f"{request};CP=&&DataTime={at:%Y%m%d%H%M%S};{';'.join(factors)}&&".encode()
    frame = b"##%04d%s%04X\r\n" % (len(data), data, crc16(data))
    return [Message(f"hj212/{header.identity}", frame)]


def _factor(quantity: str, value: Value) -> str:
    field = _FACTORS.get(quantity, Field(quantity))
    number = int(value) if isinstance(value, bool) else encode_value(field, value)
    return f"{field.name}-Rtd={number},{field.name}-Flag=N"


def _shifted(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
    return register


_SHIFTED: Final = tuple(_shifted(byte) for byte in range(256))
"""Eight shifts of each byte."""


def crc16(data: bytes) -> int:
    """Annex A: the register's high byte is moved down before each byte is added; polynomial 0xA001."""
    register = 0xFFFF
    for byte in data:
        # The register has 8 bits after the move, so that eight shifts leave nothing but the table's value.
        register = _SHIFTED[(register >> 8) ^ byte]
    return register
