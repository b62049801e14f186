"""Alink: thing models."""

from __future__ import annotations

from collections.abc import Callable

from ingest.decoding.decoder import Decoder
from tests.ingest.adapters.defined_platforms import device_of_kind, frame_at, values


def test_the_model_of_an_alink_product_holds_for_all_its_devices(build_decoder: Callable[..., Decoder]) -> None:
    decoder = build_decoder(device_of_kind("water_meter", "alink", "pk/d1"))
    properties = [{"identifier": "WaterConsumption", "dataType": {"type": "double", "specs": {"unit": "L"}}}]
    decoder.decode(
        [frame_at("/sys/pk/other/thing/dsltemplate/get_reply", {"code": 200, "data": {"properties": properties}})]
    )
    decoder.decode([frame_at("/sys/pk/other/thing/dsltemplate/get_reply", {"code": 460, "data": {}})])

    result = decoder.decode(
        [frame_at("/sys/pk/d1/thing/event/property/post", {"params": {"WaterConsumption": 98_765}})]
    )

    assert [{"volume_m3": 98.765}] == values(result)
