"""wmbusmeters: the JSON of a decoded telegram, published by the user's shell line to `wmbusmeters/{id}`.

Source: README and documentation of wmbusmeters (multical21). `timestamp` is the receiver's, in UTC; `current_status`
has the words DRY, REVERSED, LEAK, BURST and is empty when there is nothing to report.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from simulators.events import Measurement
from simulators.wire import Message, MessageHeader
from simulators.wire.times import utc

_WORDS: Final[Mapping[str, str]] = {"backflow": "REVERSED", "leak": "LEAK", "burst": "BURST"}


def encode(measurement: Measurement, header: MessageHeader) -> list[Message]:
    """A telegram of a water meter. `identity`: the meter's eight digits."""
    values = measurement.values
    status = " ".join(word for quantity, word in _WORDS.items() if values.get(quantity))
    body: dict[str, object] = {
        "media": "cold water",
        "meter": "multical21",
        "name": measurement.device,
        "id": header.identity,
        "current_status": status,
        **{f"time_{word.lower()}": "" for word in ("dry", "reversed", "leaking", "bursting")},
        "timestamp": f"{utc(header.at):%Y-%m-%dT%H:%M:%S}Z",
        "device": "im871a[1234567]",
        "rssi_dbm": -40 - header.seq % 50,
    }
    if "volume_m3" in values:
        body["total_m3"] = values["volume_m3"]
    if "flow_m3h" in values:
        body["max_flow_m3h"] = values["flow_m3h"]
    return [Message(f"wmbusmeters/{header.identity}", msgspec.json.encode(body), qos=0)]
