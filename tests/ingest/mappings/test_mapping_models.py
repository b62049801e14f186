"""Single models of many makers: what their published codecs say goes through the mapping and comes out right.

`models.yaml` holds the facts. `python tests/ingest/mappings/test_mapping_models.py` writes docs/models.md anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain import Device, Identity
from domain.kind import CommonQuantities, Kind
from ingest.decoding.decoder import Decoder
from ingest.frame import Frame
from ingest.results import IngestResult
from tests.support.many_cases import many_cases
from tests.support.yaml_text import load_yaml

ROOT = Path(__file__).parents[3]
NOW = 1795904000000
EUI = "a000000000000001"

MODELS: list[dict[str, Any]] = yaml.load(  # the C loader: a tenth of the time
    (Path(__file__).parent / "models.yaml").read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
)
CASES = [
    pytest.param(one, example, id=f"{one['maker']} {one['model']} {number}")
    for one in MODELS
    for number, example in enumerate(one["examples"])
]


def _chirpstack(example: Mapping[str, Any], at: str) -> tuple[str, dict[str, Any]]:
    info = {"devEui": EUI, "deviceProfileName": "site profile"}
    body = {"time": at, "deviceInfo": info, "fPort": example.get("port", 1), "fCnt": 3, "object": example["said"]}
    return f"application/x/device/{EUI}/event/up", body


def _tts(example: Mapping[str, Any], at: str) -> tuple[str, dict[str, Any]]:
    uplink = {"f_port": example.get("port", 1), "f_cnt": 3, "decoded_payload": example["said"], "received_at": at}
    body = {"end_device_ids": {"device_id": "d"}, "received_at": at, "uplink_message": uplink}
    return "v3/app@t/devices/d/up", body


PLATFORMS = {"chirpstack": (EUI, _chirpstack), "tts": ("d", _tts)}
Build = Callable[..., Decoder]


def heard_of(
    one: Mapping[str, Any], example: Mapping[str, Any], platform: str, model: str | None, make: Build
) -> IngestResult:
    identity, wrapped = PLATFORMS[platform]
    received = example.get("received", NOW)
    topic, body = wrapped(example, datetime.fromtimestamp(received / 1000, UTC).isoformat())
    device = Device("d", one["kind"], model, identities=(Identity(platform, identity),))
    return make(device).decode([Frame(topic, json.dumps(body).encode(), received, "bulk")])


def values_of(result: IngestResult) -> dict[str, Any]:
    return {name: value for reading in result.readings for name, value in reading.values.items()}


def has_danger(result: IngestResult, dangers: list[str]) -> bool:
    """Whether a danger is told: by a reading that is no test, or by a refusal that may be one."""
    reported = [reading.values for reading in result.readings if not reading.is_test]
    return any(values.get(name) is True for values in reported for name in dangers) or any(
        refusal.danger for refusal in result.refusals
    )


def dangers_of(kind: Kind) -> list[str]:
    return [name for name, quantity in kind.quantities.items() if quantity.danger]


@pytest.mark.parametrize("platform", PLATFORMS)
@many_cases(("one", "example"), CASES)
def test_the_fields_of_a_published_codec_are_read(
    one: dict[str, Any], example: dict[str, Any], platform: str, build_decoder: Build, kinds: dict[str, Kind]
) -> None:
    result = heard_of(one, example, platform, one["model"], build_decoder)
    doubts = {name: quality.value for reading in result.readings for name, quality in reading.doubts.items()}

    assert example["reads"] == values_of(result)
    assert example.get("quality", {}) == doubts
    assert example.get("test", False) == any(reading.is_test for reading in result.readings)
    assert example.get("refused", []) == sorted({refusal.reason.value for refusal in result.refusals})
    assert example.get("told", False) == has_danger(result, dangers_of(kinds[one["kind"]]))


@many_cases(("one", "example"), CASES)
def test_without_its_model_no_field_gets_another_meaning(
    one: dict[str, Any], example: dict[str, Any], build_decoder: Build, kinds: dict[str, Kind]
) -> None:
    """A model's name may be needed to read a thing; it is never needed so that a verdict is not inverted."""
    result = heard_of(one, example, "chirpstack", None, build_decoder)
    values, reads = values_of(result), example["reads"]

    if not example.get("by_model"):
        assert reads == values
    for name in dangers_of(kinds[one["kind"]]):
        known = name in values and name in reads
        assert not known or values[name] == reads[name]


@pytest.mark.parametrize("kind", ["water_leak", "gas_alarm", "smoke_alarm", "sos_button", "manhole", "wristband"])
def test_a_danger_of_this_kind_is_among_what_is_shown(kind: str) -> None:
    shown = [each for one in MODELS if one["kind"] == kind for each in one["examples"]]

    assert any(each.get("told") for each in shown)
    assert any(not each.get("told") for each in shown)


def test_so_many_models_of_so_many_makers_are_read() -> None:
    assert len({(one["maker"], one["model"]) for one in MODELS}) >= 60
    assert len({one["maker"] for one in MODELS}) >= 15
    for one in MODELS:
        assert any(each["reads"] for each in one["examples"]), one["model"]
        assert all(each["source"] for each in one["examples"]), one["model"]


def test_the_table_of_models_shows_what_is_read() -> None:
    assert page() == (ROOT / "docs" / "models.md").read_text()


def page() -> str:
    """docs/models.md, as models.yaml has it."""
    makers = {one["maker"] for one in MODELS}
    count = sum(len(one["examples"]) for one in MODELS)
    rows = [_row(one, _names()) for one in MODELS]
    return HEAD.format(models=len(MODELS), makers=len(makers), messages=count) + "\n".join(rows) + "\n"


HEAD = """\
# Supported LoRaWAN models

{models} LoRaWAN models of {makers} vendors, {messages} messages. In every test run the output of each model's published
codec is decoded through the uplinks of ChirpStack and The Things Stack, the mapping and the validation
(`tests/ingest/mappings/models.yaml`, `test_mapping_models.py`).
The test data are facts (the values that a published example lists as its output, and its source); they contain no file
and no code of a vendor.
Models marked * are decoded completely only under their model's name, in the registry or as the platform's profile.
Column `seen as true`: the dangers that are true in the test data; for the others only the all-clear was tested.
This page is generated by `python tests/ingest/mappings/test_mapping_models.py`.

| vendor | model | kind | fields read | seen as true |
|---|---|---|---|---|
"""


def _row(one: Mapping[str, Any], dangers: Mapping[str, list[str]]) -> str:
    read = dict.fromkeys(name for each in one["examples"] for name in each["reads"])
    alarmed = [
        name for name in dangers[one["kind"]] if any(each["reads"].get(name) is True for each in one["examples"])
    ]
    star = " *" if any(each.get("by_model") for each in one["examples"]) else ""
    cells = (one["maker"], one["model"] + star, one["kind"], ", ".join(f"`{name}`" for name in read))
    return f"| {' | '.join(cells)} | {', '.join(f'`{name}`' for name in alarmed)} |"


def _names() -> dict[str, list[str]]:
    folder = ROOT / "domain" / "kinds"
    common = CommonQuantities.model_validate(load_yaml((folder / "common.yaml").read_text())).common
    kinds = (load_yaml(path.read_text()) for path in folder.glob("*.yaml") if path.stem != "common")
    return {kind["kind"]: dangers_of(Kind.model_validate(kind).with_common(common)) for kind in kinds}


if __name__ == "__main__":
    (ROOT / "docs" / "models.md").write_text(page())
