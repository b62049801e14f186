"""Encoders with any values that a kind may have, also those of a sensor with a fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from app.config.catalog import load_kinds
from domain import Device, Identity, Value
from domain.kind import Quantity
from simulators.events import Measurement
from simulators.wire.encoders import ENCODERS, MessageEncoder
from simulators.wire.lorawan import RADIO_FORMATS

AT: Final = 1_796_011_200_123
KINDS: Final = load_kinds()
IDENTITIES: Final = {"sparkplug": "fengshu/road-1/d", "alink": "a1/d", "chirpstack": "70b3d57ed0060001"}
MODELS: Final = (None, *RADIO_FORMATS, "flowIQ", "Qalcosonic W1")
FACTOR: Final = 1_000
"""How far numbers reach beyond the plausible range: wrong units."""


def values_of(quantity: Quantity) -> st.SearchStrategy[Value]:
    if quantity.type == "bool":
        return st.booleans()
    if quantity.type == "text":
        return st.text(max_size=8)
    lowest, highest = quantity.min or 0.0, quantity.max or 100.0
    return st.floats(lowest * FACTOR, highest * FACTOR) | st.integers(int(lowest), int(highest))


@st.composite
def measurements(draw: st.DrawFn) -> tuple[str, Mapping[str, Value]]:
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    required = {"volume_m3"} if kind.kind == "water_meter" else set()
    names = draw(st.sets(st.sampled_from(sorted(kind.quantities)), max_size=6)) | required
    return kind.kind, {name: draw(values_of(kind.quantities[name])) for name in sorted(names)}


@settings(max_examples=60, deadline=None)
@given(measurements(), st.sampled_from(MODELS))
def test_any_values_of_a_kind_are_encoded_on_every_platform(
    measured: tuple[str, Mapping[str, Value]], model: str | None
) -> None:
    kind, values = measured
    if model in {"flowIQ", "Qalcosonic W1"} and kind != "water_meter":
        model = None
    for platform in ENCODERS:
        identity = Identity(platform, IDENTITIES.get(platform, "860374051000000"))
        encoder = MessageEncoder((Device("d", kind, model, None, (identity,)),), AT)
        for message in encoder.encode(Measurement("d", values), AT):
            assert message
