"""What the doctor makes of frames: who spoke, what was understood, what was not, what the site lacks. All of it dry."""

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
def examine(listener: Callable[..., Decoder]) -> Examine:
    def run(
        *frames: Frame, devices: Sequence[Device] = (GAS,), filters: Mapping[str, Sequence[str]] | None = None
    ) -> Diagnosis:
        return diagnose(frames, lambda wanted, known: listener(*known, filters=wanted), filters or {}, devices)

    return run


def named(found: Diagnosis) -> dict[str, Sender]:
    return {
        (one.device.id if one.device is not None and not one.proposed else one.identity or ""): one
        for one in found.senders
    }


def test_a_registered_device_that_is_understood_needs_nothing(examine: Examine) -> None:
    found = examine(
        say("zigbee2mqtt/kitchen", '{"gas":false}'), say("zigbee2mqtt/kitchen", '{"gas":true,"co":7}', retain=True)
    )

    one = named(found)["gas-402"]
    assert ({}, 2, 1, 2, ()) == (found.filters, one.messages, one.retained, one.readings, one.missing)
    assert one.last_reading is not None
    assert {"alarm": True, "co_ppm": 7} == one.last_reading.values
    assert {"alarm": Quality.RETAINED, "co_ppm": Quality.RETAINED} == one.last_reading.doubts


def test_a_newer_value_takes_the_doubt_of_the_older_one_with_it(examine: Examine) -> None:
    found = examine(
        say("zigbee2mqtt/kitchen", '{"gas":true,"co":7}', retain=True), say("zigbee2mqtt/kitchen", '{"gas":true}')
    )

    last = named(found)["gas-402"].last_reading
    assert last is not None
    assert {"co_ppm": Quality.RETAINED} == last.doubts


def test_what_is_not_understood_is_named_with_its_value_and_counted(examine: Examine) -> None:
    frames = [say("zigbee2mqtt/kitchen", f'{{"gas":false,"lel_raw":{value},"battery":"quux"}}') for value in (11, 12)]

    unread = named(examine(*frames))["gas-402"].unread.values()

    assert [("lel_raw", "12", "unmapped", 2)] == [
        (one.field, one.value, one.reason, one.times) for one in unread if one.field
    ]
    assert ["bad_value"] == sorted({one.reason for one in unread if not one.field})


def test_whole_messages_that_cannot_be_read_belong_to_who_sent_them(examine: Examine) -> None:
    found = examine(
        say("zigbee2mqtt/kitchen", "{"),
        say("zigbee2mqtt/kitchen/availability", "offline"),
        say("homeassistant/nonsense", "1"),
        say("zigbee2mqtt/kitchen", "{}", size=2_000_000),
    )

    one = named(found)["gas-402"]
    assert {"bad_payload"} == {each.reason for each in one.unread.values()}
    assert (False, {"availability": 1}) == (one.online, dict(one.events))
    others = {
        (each.platform, each.identity): next(iter(each.unread.values())).reason
        for each in found.senders
        if each is not one
    }
    assert {("homeassistant", None): "no_codec", ("zigbee2mqtt", None): "too_large"} == others


def test_a_stranger_is_heard_on_trial_as_the_kind_it_looks_like(examine: Examine) -> None:
    found = examine(
        say("zigbee2mqtt/stairs", '{"smoke":true}'),
        say("fengshao/v1/new/up", '{"alarm":true,"lel_pct":30}'),
        say("tele/plug/SENSOR", '{"Switch1":"ON"}'),
        say("zigbee2mqtt/lamp/availability", "online"),
    )

    said = named(found)
    assert said["stairs"].device is not None
    assert said["new"].device is not None
    assert ("smoke_alarm", True) == (said["stairs"].device.kind, said["stairs"].proposed)
    assert said["stairs"].last_reading is not None
    assert {"alarm": True} == said["stairs"].last_reading.values
    assert ("gas_alarm", ()) == (said["new"].device.kind, said["new"].device.identities)
    assert (None, {"Switch1": "ON"}) == (said["plug"].device, said["plug"].fields)
    assert (None, {}) == (said["lamp"].device, said["lamp"].fields)


def test_a_description_tells_what_the_words_do_not(examine: Examine) -> None:
    about = (
        '[{"friendly_name":"hall","ieee_address":"0x1","type":"EndDevice","definition":'
        '{"model":"SD-1","vendor":"V","exposes":[{"property":"smoke"}]}}]'
    )
    found = examine(say("zigbee2mqtt/bridge/devices", about), say("zigbee2mqtt/hall", '{"battery":90}'))

    one = named(found)["hall"]
    assert one.discovered is not None
    assert one.device is not None
    assert ("smoke_alarm", "SD-1", 1) == (one.device.kind, one.device.model, found.discovered)


def test_what_no_filter_takes_comes_with_the_filters_to_add(examine: Examine) -> None:
    attic = Device("attic", "gas_alarm", identities=(Identity("tasmota", "attic"),))
    found = examine(
        say("attic/tele/SENSOR", SENSOR),
        say("attic/tele/LWT", "Online"),
        say("home/z2m/bridge/state", "online"),
        say("home/z2m/3栋/402", '{"smoke":false}'),
        say("lora/up", '{"deviceInfo":{"devEui":"ab"},"fCnt":1}'),
        say("weather/roof", "rain"),
        devices=(attic,),
    )

    assert {"tasmota": ["+/tele/#", "+/stat/#"], "zigbee2mqtt": ["home/z2m/#"]} == found.filters
    said = named(found)
    assert ("+/tele/#",) == said["attic"].missing
    assert said["attic"].last_reading is not None
    assert "home/z2m/3栋/402" in said  # the plain name is free for the default base
    assert {"lora": "chirpstack", "weather": None} == {
        one.identity: one.guessed for one in found.senders if one.platform is None
    }


def test_a_default_that_the_site_gave_up_is_named(examine: Examine) -> None:
    found = examine(say("zigbee2mqtt/kitchen", '{"gas":true}'), filters={"zigbee2mqtt": ["z2m/#"]})

    assert {"zigbee2mqtt": ["zigbee2mqtt/#"]} == found.filters
    assert ("zigbee2mqtt/#",) == named(found)["gas-402"].missing


def test_of_filters_within_each_other_the_wider_one_is_enough(examine: Examine) -> None:
    telegram = '{"_":"telegram","id":"1","meter":"iperl"}'
    found = examine(say("meters/heat/1", telegram), say("meters/1", telegram))

    assert {"wmbusmeters": ["meters/#"]} == found.filters


def test_raw_bytes_are_left_to_the_listener_and_its_codecs(examine: Examine) -> None:
    well = Device("well", "manhole", identities=(Identity("chirpstack", "0101010101abcdef"),))
    up = '{"deviceInfo":{"devEui":"0101010101abcdef"},"fCnt":1,"fPort":2,"data":"AQ=="}'

    found = examine(say("application/1/device/0101010101abcdef/event/up", up), devices=(well,))

    assert ["no_codec"] == [one.reason for one in named(found)["well"].unread.values()]


def test_a_device_of_a_kind_that_nobody_described_is_not_read(examine: Examine) -> None:
    odd = Device("odd", "zeppelin", identities=(Identity("zigbee2mqtt", "kitchen"),))

    found = examine(say("zigbee2mqtt/kitchen", '{"gas":false}'), devices=(odd,))

    assert ["no_mapping"] == [one.reason for one in named(found)["odd"].unread.values()]


def test_a_reading_that_no_filter_explains_is_its_devices_all_the_same(listener: Callable[..., Decoder]) -> None:
    """Other parts of ingest may know what a message says without a filter: a description, for one."""
    plain = Device("plain", "gas_alarm")

    def build(wanted: Mapping[str, Sequence[str]], known: Sequence[Device]) -> Decoder:
        made = listener(*known, filters=wanted)
        made.decode = lambda _: IngestResult([Reading("plain", "gas_alarm", NOW, NOW, {"alarm": True})])  # type: ignore[method-assign]
        return made

    one = named(diagnose([say("nobody/says", "x")], build, {}, [plain]))["plain"]

    assert ("native", 1, plain) == (one.platform, one.readings, one.device)


def test_there_are_limits(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, most in (("SENDERS_MAX", 2), ("TOPICS_MAX", 2), ("FIELDS_MAX", 3)):
        monkeypatch.setattr(diagnosis, name, most)
    odd = ",".join(f'"odd{number}":{number}' for number in range(9))
    frames = [say(f"shellies/dev/relay/{number}", "on") for number in range(5)]

    found = examine(
        *frames,
        say("zigbee2mqtt/kitchen", f'{{"gas":false,{odd}}}'),
        say("zigbee2mqtt/third", '{"smoke":false}'),
        say("fengshao/v1/fourth/up", "{"),
        say("zigbee2mqtt/bridge/state", "online"),
    )

    assert ["dev", "gas-402"] == list(named(found))
    assert {"shellies/dev/relay/0": 1, "shellies/dev/relay/1": 4} == named(found)["dev"].topics
    assert 3 == len(named(found)["gas-402"].unread)
    assert found.other_messages


def test_a_reading_beyond_the_limit_is_no_reading_of_anybody(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "SENDERS_MAX", 0)

    found = examine(say("zigbee2mqtt/kitchen", '{"gas":false}'))

    assert ([], True) == (found.senders, found.other_messages > 0)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(SHAPES), st.integers(1, 6))
def test_whatever_speaks_is_named_and_the_lines_for_it_are_enough(
    listener: Callable[..., Decoder], shapes: list[tuple[str, bytes, str]], count: int
) -> None:
    """With the filters that the first examination names, the second finds none lacking, in any company."""
    frames = [say(topic, payload) for topic, payload, _ in shapes[:count]]

    def run(filters: Mapping[str, Sequence[str]]) -> Diagnosis:
        return diagnose(frames, lambda wanted, known: listener(*known, filters=wanted), filters, ())

    found = run({})

    topics = {topic for one in found.senders for topic in one.topics}
    assert {frame.topic for frame in frames} == topics
    assert not any(one.platform is None for one in found.senders)
    assert {} == run({name: [*FILTERS[name], *more] for name, more in found.filters.items()}).filters
