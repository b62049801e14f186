"""Huawei IoTDA: the status of the sub-devices of a gateway."""

from __future__ import annotations

from collections.abc import Callable

from ingest.decoding.decoder import Decoder
from tests.ingest.adapters.home_platforms import frame_of, named_on


def test_a_gateway_reports_the_status_of_several_devices(build_decoder: Callable[..., Decoder]) -> None:
    statuses = [{"device_id": "c1", "status": "ONLINE"}, {"device_id": "c2", "status": "OFFLINE"}, 7]
    content = {"services": [{"service_id": "$sub_device_manager", "paras": {"device_statuses": statuses}}]}
    events = (
        build_decoder(named_on("iotda", "door", "c2")).decode([frame_of("$oc/devices/g/sys/events/up", content)]).events
    )

    assert [("c1", None, True), ("c2", "ours", False)] == [
        (event.identity, event.device, event.online) for event in events
    ]
