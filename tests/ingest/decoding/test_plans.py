"""Which mapping reads a device: by the model of the registry if a mapping lists it, else by that of the platform."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from domain import Device, Identity
from domain.kind import Kind
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.mappings.mapping import MappingBook
from ingest.mappings.plan import compile_plan

NOW = 1_795_269_600_000


@pytest.mark.parametrize("model", [None, "力安 某某型", "lian-nb-smoke"])
def test_a_smoke_alarm_is_read_by_its_product_whatever_the_registry_calls_its_model(
    build_decoder: Callable[..., Decoder], model: str | None
) -> None:
    decoder = build_decoder(Device("smoke-1", "smoke_alarm", model, None, (Identity("ctwing", "860374051000000"),)))
    body = {
        "messageType": "dataReport",
        "productId": "15014772",
        "deviceId": "acf7",
        "IMEI": "860374051000000",
        "timestamp": NOW,
        "payload": {"serviceId": "notification", "serviceData": {"Alarm_Status": 1, "Battery_Level": 100}},
    }

    result = decoder.decode([Frame("v1/up/ad19prof", json.dumps(body).encode(), NOW, "bulk")])
    assert [reading.values["alarm"] for reading in result.readings] == [True]


def test_fields_of_a_model_apply_whichever_book_comes_last() -> None:
    smoke = Kind.model_validate(
        {
            "kind": "smoke_alarm",
            "name": {"zh": "烟感报警器", "en": "Smoke alarm"},
            "report_every": "1d",
            "quantities": {
                "alarm": {"type": "bool", "name": {"zh": "报警", "en": "Alarm"}, "danger": True},
                "fault": {"type": "bool", "name": {"zh": "故障", "en": "Fault"}},
            },
        }
    )
    one = {"models": ["s-1"], "kind": "smoke_alarm", "fields": {"state": "fault"}}
    site = MappingBook.model_validate({"platform": "tasmota", "version": 1, "models": [one]})
    general = MappingBook.model_validate({"platform": "tasmota", "version": 1, "fields": {"state": "alarm"}})
    for books in ([site, general], [general, site]):
        assert compile_plan(smoke, books, "tasmota", "s-1").specs["state"].quantity == "fault"
        assert compile_plan(smoke, books, "tasmota", None).specs["state"].quantity == "alarm"
