"""What the doctor finds in captured frames: senders, unread fields, and filters that the site lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain import Device, Identity, Quality, Reading
from ingest import diagnosis
from ingest.adapters import FILTERS
from ingest.decoding.decoder import Decoder
from ingest.diagnosis import Diagnosis, Sender, diagnose
from ingest.frame import Frame
from ingest.results import IngestResult
from tests.ingest.routing.test_platform_guesses import SENSOR, SHAPES
from tests.ingest.routing.test_routes import NOW

GAS = Device("gas-402", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),))
Examine = Callable[..., Diagnosis]


def say(topic: str, payload: bytes | str, **more: object) -> Frame:
    raw = payload.encode() if isinstance(payload, str) else payload
    return Frame(topic, raw, NOW, "doctor", **more)  # type: ignore[arg-type]


@pytest.fixture
def examine(build_decoder: Callable[..., Decoder]) -> Examine:
    def run(
        *frames: Frame, devices: Sequence[Device] = (GAS,), filters: Mapping[str, Sequence[str]] | None = None
    ) -> Diagnosis:
        return diagnose(frames, lambda wanted, known: build_decoder(*known, filters=wanted), filters or {}, devices)

    return run


def named(report: Diagnosis) -> dict[str, Sender]:
    return {
        (sender.device.id if sender.device is not None and not sender.proposed else sender.identity or ""): sender
        for sender in report.senders
    }


def test_a_registered_device_that_is_understood_has_no_unread_field(examine: Examine) -> None:
    report = examine(
        say("zigbee2mqtt/kitchen", '{"gas":false}'), say("zigbee2mqtt/kitchen", '{"gas":true,"co":7}', retain=True)
    )

    sender = named(report)["gas-402"]
    assert ({}, 2, 1, 2, ()) == (report.filters, sender.messages, sender.retained, sender.readings, sender.missing)
    assert sender.last_reading is not None
    assert {"alarm": True, "co_ppm": 7} == sender.last_reading.values
    assert {"alarm": Quality.RETAINED, "co_ppm": Quality.RETAINED} == sender.last_reading.doubts


def test_a_newer_value_replaces_the_quality_of_the_older_one(examine: Examine) -> None:
    report = examine(
        say("zigbee2mqtt/kitchen", '{"gas":true,"co":7}', retain=True), say("zigbee2mqtt/kitchen", '{"gas":true}')
    )

    last = named(report)["gas-402"].last_reading
    assert last is not None
    assert {"co_ppm": Quality.RETAINED} == last.doubts


def test_an_unread_field_is_named_with_its_value_and_counted(examine: Examine) -> None:
    frames = [say("zigbee2mqtt/kitchen", f'{{"gas":false,"lel_raw":{value},"battery":"quux"}}') for value in (11, 12)]

    unread = named(examine(*frames))["gas-402"].unread.values()

    assert [("lel_raw", "12", "unmapped", 2)] == [
        (field.field, field.value, field.reason, field.times) for field in unread if field.field
    ]
    assert ["bad_value"] == sorted({field.reason for field in unread if not field.field})


def test_unreadable_messages_are_counted_for_their_sender(examine: Examine) -> None:
    report = examine(
        say("zigbee2mqtt/kitchen", "{"),
        say("zigbee2mqtt/kitchen/availability", "offline"),
        say("homeassistant/nonsense", "1"),
        say("zigbee2mqtt/kitchen", "{}", size=2_000_000),
    )

    sender = named(report)["gas-402"]
    assert {"bad_payload"} == {each.reason for each in sender.unread.values()}
    assert (False, {"availability": 1}) == (sender.online, dict(sender.events))
    others = {
        (each.platform, each.identity): next(iter(each.unread.values())).reason
        for each in report.senders
        if each is not sender
    }
    assert {("homeassistant", None): "no_codec", ("zigbee2mqtt", None): "too_large"} == others


def test_an_unregistered_device_is_decoded_as_the_kind_that_is_guessed(examine: Examine) -> None:
    report = examine(
        say("zigbee2mqtt/stairs", '{"smoke":true}'),
        say("fengshao/v1/new/up", '{"alarm":true,"lel_pct":30}'),
        say("tele/plug/SENSOR", '{"Switch1":"ON"}'),
        say("zigbee2mqtt/lamp/availability", "online"),
    )

    senders = named(report)
    assert senders["stairs"].device is not None
    assert senders["new"].device is not None
    assert ("smoke_alarm", True) == (senders["stairs"].device.kind, senders["stairs"].proposed)
    assert senders["stairs"].last_reading is not None
    assert {"alarm": True} == senders["stairs"].last_reading.values
    assert ("gas_alarm", ()) == (senders["new"].device.kind, senders["new"].device.identities)
    assert (None, {"Switch1": "ON"}) == (senders["plug"].device, senders["plug"].fields)
    assert (None, {}) == (senders["lamp"].device, senders["lamp"].fields)


def test_a_discovery_message_gives_the_kind_that_the_fields_do_not(examine: Examine) -> None:
    about = (
        '[{"friendly_name":"hall","ieee_address":"0x1","type":"EndDevice","definition":'
        '{"model":"SD-1","vendor":"V","exposes":[{"property":"smoke"}]}}]'
    )
    report = examine(say("zigbee2mqtt/bridge/devices", about), say("zigbee2mqtt/hall", '{"battery":90}'))

    sender = named(report)["hall"]
    assert sender.discovered is not None
    assert sender.device is not None
    assert ("smoke_alarm", "SD-1", 1) == (sender.device.kind, sender.device.model, report.discovered)


def test_topics_without_a_filter_come_with_the_filters_to_add(examine: Examine) -> None:
    attic = Device("attic", "gas_alarm", identities=(Identity("tasmota", "attic"),))
    report = examine(
        say("attic/tele/SENSOR", SENSOR),
        say("attic/tele/LWT", "Online"),
        say("home/z2m/bridge/state", "online"),
        say("home/z2m/3栋/402", '{"smoke":false}'),
        say("lora/up", '{"deviceInfo":{"devEui":"ab"},"fCnt":1}'),
        say("weather/roof", "rain"),
        devices=(attic,),
    )

    assert {"tasmota": ["+/tele/#", "+/stat/#"], "zigbee2mqtt": ["home/z2m/#"]} == report.filters
    senders = named(report)
    assert ("+/tele/#",) == senders["attic"].missing
    assert senders["attic"].last_reading is not None
    assert "home/z2m/3栋/402" in senders  # the plain name is free for the default base
    assert {"lora": "chirpstack", "weather": None} == {
        sender.identity: sender.guessed for sender in report.senders if sender.platform is None
    }


def test_a_default_filter_that_the_site_replaced_is_named(examine: Examine) -> None:
    report = examine(say("zigbee2mqtt/kitchen", '{"gas":true}'), filters={"zigbee2mqtt": ["z2m/#"]})

    assert {"zigbee2mqtt": ["zigbee2mqtt/#"]} == report.filters
    assert ("zigbee2mqtt/#",) == named(report)["gas-402"].missing


def test_of_filters_within_each_other_the_wider_one_is_enough(examine: Examine) -> None:
    telegram = '{"_":"telegram","id":"1","meter":"iperl"}'
    report = examine(say("meters/heat/1", telegram), say("meters/1", telegram))

    assert {"wmbusmeters": ["meters/#"]} == report.filters


def test_raw_bytes_are_left_to_the_decoder_and_its_codecs(examine: Examine) -> None:
    well = Device("well", "manhole", identities=(Identity("chirpstack", "0101010101abcdef"),))
    up = '{"deviceInfo":{"devEui":"0101010101abcdef"},"fCnt":1,"fPort":2,"data":"AQ=="}'

    report = examine(say("application/1/device/0101010101abcdef/event/up", up), devices=(well,))

    assert ["no_codec"] == [field.reason for field in named(report)["well"].unread.values()]


def test_a_device_of_a_kind_without_a_description_is_not_read(examine: Examine) -> None:
    odd = Device("odd", "zeppelin", identities=(Identity("zigbee2mqtt", "kitchen"),))

    report = examine(say("zigbee2mqtt/kitchen", '{"gas":false}'), devices=(odd,))

    assert ["no_mapping"] == [field.reason for field in named(report)["odd"].unread.values()]


def test_a_reading_without_a_filter_belongs_to_its_device_nevertheless(build_decoder: Callable[..., Decoder]) -> None:
    """Other parts of ingest may know what a message says without a filter: a description, for one."""
    plain = Device("plain", "gas_alarm")

    def build(wanted: Mapping[str, Sequence[str]], known: Sequence[Device]) -> Decoder:
        made = build_decoder(*known, filters=wanted)
        made.decode = lambda _: IngestResult([Reading("plain", "gas_alarm", NOW, NOW, {"alarm": True})])  # type: ignore[method-assign]
        return made

    sender = named(diagnose([say("nobody/says", "x")], build, {}, [plain]))["plain"]

    assert ("native", 1, plain) == (sender.platform, sender.readings, sender.device)


def test_there_are_limits(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("SENDERS_MAX", 2), ("TOPICS_MAX", 2), ("FIELDS_MAX", 3)):
        monkeypatch.setattr(diagnosis, name, most)
    odd = ",".join(f'"odd{number}":{number}' for number in range(9))
    frames = [say(f"shellies/dev/relay/{number}", "on") for number in range(5)]

    report = examine(
        *frames,
        say("zigbee2mqtt/kitchen", f'{{"gas":false,{odd}}}'),
        say("zigbee2mqtt/third", '{"smoke":false}'),
        say("fengshao/v1/fourth/up", "{"),
        say("zigbee2mqtt/bridge/state", "online"),
    )

    assert ["dev", "gas-402"] == list(named(report))
    assert {"shellies/dev/relay/0": 1, "shellies/dev/relay/1": 4} == named(report)["dev"].topics
    assert 3 == len(named(report)["gas-402"].unread)
    assert report.other_messages


def test_a_reading_of_a_sender_beyond_the_limit_is_not_counted(
    examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "SENDERS_MAX", 0)

    report = examine(say("zigbee2mqtt/kitchen", '{"gas":false}'))

    assert ([], True) == (report.senders, report.other_messages > 0)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(SHAPES), st.integers(1, 6))
def test_every_sender_is_named_and_the_proposed_filters_are_enough(
    build_decoder: Callable[..., Decoder], shapes: list[tuple[str, bytes, str]], count: int
) -> None:
    """With the filters that the first examination names, the second finds none lacking, in any company."""
    frames = [say(topic, payload) for topic, payload, _ in shapes[:count]]

    def run(filters: Mapping[str, Sequence[str]]) -> Diagnosis:
        return diagnose(frames, lambda wanted, known: build_decoder(*known, filters=wanted), filters, ())

    report = run({})

    topics = {topic for sender in report.senders for topic in sender.topics}
    assert {frame.topic for frame in frames} == topics
    assert not any(sender.platform is None for sender in report.senders)
    assert {} == run({name: [*FILTERS[name], *more] for name, more in report.filters.items()}).filters
