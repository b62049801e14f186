"""Devices come back as they were put, changes are reported, an identity has one owner."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event
from sqlalchemy.dialects import postgresql

from domain import Device, Identity, Place
from store.database import registry
from store.database.database import Database
from store.errors import IdentityTaken
from tests.support.long_form import examples

GAS = Device(
    "g1",
    "gas_alarm",
    "TS-1",
    "p-402",
    (Identity("zigbee2mqtt", "kitchen"), Identity("chirpstack", "24e124445d123456")),
    {"gas_low": 12.5, "floor": 4, "latch": True, "note": "灶台上方"},
)


def test_a_device_comes_back_exactly(tx: Connection) -> None:
    changed = registry.put_devices(tx, [GAS, Device("g2", "gas_alarm")], now=5)
    assert changed.created == ("g1", "g2")
    assert registry.all_devices(tx) == [GAS, Device("g2", "gas_alarm")]
    back = registry.get_device(tx, "g1")
    assert back == GAS
    assert back is not None
    assert repr(back.attributes) == repr(GAS.attributes)
    assert registry.get_device(tx, "g3") is None


def test_putting_the_same_again_changes_nothing_and_a_change_is_named(tx: Connection) -> None:
    registry.put_devices(tx, [GAS, Device("g2", "gas_alarm")], now=5)
    version = registry.registry_version(tx)
    assert not registry.put_devices(tx, [GAS], now=6)
    assert registry.registry_version(tx) == version
    changed = registry.put_devices(tx, [GAS, Device("g2", "gas_alarm", place="p-1")], now=7)
    assert (changed.created, changed.updated, changed.unchanged) == ((), ("g2",), ("g1",))
    assert registry.registry_version(tx) == version + 1


def test_true_in_place_of_one_is_a_change(tx: Connection) -> None:
    registry.put_devices(tx, [Device("g1", "k", attributes={"a": 1})], now=0)
    assert registry.put_devices(tx, [Device("g1", "k", attributes={"a": True})], now=0).updated == ("g1",)


def test_an_identity_of_another_device_is_refused_by_name_and_nothing_is_kept(database: Database) -> None:
    database.write_blocking(lambda tx: registry.put_devices(tx, [GAS], now=0))
    thief = Device("g9", "gas_alarm", identities=(Identity("zigbee2mqtt", "kitchen"),))
    with pytest.raises(IdentityTaken, match="zigbee2mqtt kitchen of device g9 already belongs to device g1") as told:
        database.write_blocking(lambda tx: registry.put_devices(tx, [Device("g8", "gas_alarm"), thief], now=0))
    assert (told.value.owner, told.value.requested_by) == ("g1", "g9")
    assert database.write_blocking(registry.all_devices) == [GAS]


def test_an_identity_in_upper_and_lower_case_is_one(tx: Connection) -> None:
    def held(device: str, platform: str, name: str) -> Device:
        return Device(device, "gas_alarm", identities=(Identity(platform, name),))

    registry.put_devices(tx, [held("a", "chirpstack", "ABCDEF0000000001"), held("b", "zigbee2mqtt", "Kitchen")], now=1)
    registry.put_devices(tx, [held("a", "chirpstack", "ABCDEF0000000001"), held("c", "zigbee2mqtt", "kitchen")], now=1)
    for claimed in ("abcdef0000000001", "ABCDEF0000000001"):
        with pytest.raises(IdentityTaken):
            registry.put_devices(tx, [held("d", "chirpstack", claimed)], now=2)
    with pytest.raises(IdentityTaken):
        registry.put_devices(tx, [held("e", "shelly", "plug-AA"), held("f", "shelly", "plug-aa")], now=2)


def test_two_devices_of_one_list_may_not_claim_the_same_identity(tx: Connection) -> None:
    same = (Identity("zigbee2mqtt", "kitchen"),)
    with pytest.raises(IdentityTaken, match="of device b already belongs to device a"):
        registry.put_devices(tx, [Device("a", "k", identities=same), Device("b", "k", identities=same)], now=0)


def test_the_id_of_another_device_is_refused_as_native_identity(tx: Connection) -> None:
    registry.put_devices(tx, [GAS, Device("alias", "k", identities=(Identity("native", "old-name"),))], now=0)
    with pytest.raises(IdentityTaken):
        registry.put_devices(tx, [Device("b", "k", identities=(Identity("native", "g1"),))], now=0)
    with pytest.raises(IdentityTaken):
        registry.put_devices(tx, [Device("old-name", "k")], now=0)


def test_an_identity_may_move_when_its_owner_gives_it_up_in_the_same_list(tx: Connection) -> None:
    old, new = (Identity("zigbee2mqtt", "kitchen"),), (Identity("zigbee2mqtt", "hall"),)
    registry.put_devices(tx, [Device("a", "k", identities=old), Device("b", "k", identities=new)], now=0)
    swapped = [Device("a", "k", identities=new), Device("b", "k", identities=old)]
    registry.put_devices(tx, swapped, now=1)
    assert registry.all_devices(tx) == swapped


def test_an_identity_named_twice_is_stored_once(tx: Connection) -> None:
    twice = Device("a", "k", identities=(Identity("tts", "x"), Identity("tts", "x")))
    registry.put_devices(tx, [twice], now=0)
    assert registry.get_device(tx, "a") == Device("a", "k", identities=(Identity("tts", "x"),))


def test_a_device_is_found_by_any_identity_and_natively_by_its_own_id(tx: Connection) -> None:
    registry.put_devices(tx, [GAS], now=0)
    assert registry.find_device(tx, "chirpstack", "24e124445d123456") == GAS
    assert registry.find_device(tx, "native", "g1") == GAS
    assert registry.find_device(tx, "tts", "g1") is None


def test_a_deleted_device_frees_its_identities(tx: Connection) -> None:
    registry.put_devices(tx, [GAS], now=0)
    version = registry.registry_version(tx)
    assert registry.delete_device(tx, "g1", now=1)
    assert registry.registry_version(tx) == version + 1
    assert not registry.delete_device(tx, "g1", now=1)
    registry.put_devices(tx, [Device("g9", "gas_alarm", identities=GAS.identities)], now=2)


def test_when_devices_were_registered_is_known_for_all_or_for_some(tx: Connection) -> None:
    registry.put_devices(tx, [Device(f"old-{n}", "door") for n in range(1_100)], now=10)
    registry.put_devices(tx, [Device("old-1", "lamp_post"), Device("new", "lamp_post")], now=20)
    times = registry.registration_times(tx, None)
    assert (len(times), times["old-1"], times["new"], registry.count_devices(tx)) == (1_101, 10, 20, 1_101)
    assert registry.registration_times(tx, times.keys()) == times
    assert registry.registration_times(tx, ["new", "none"]) == {"new": 20}
    assert (registry.registered_at(tx, "old-1"), registry.registered_at(tx, "none")) == ((10, 20), None)


def test_a_list_longer_than_one_statement_is_put_and_read_whole(tx: Connection) -> None:
    many = [Device(f"d{n:04}", "door", identities=(Identity("tts", f"t{n}"),)) for n in range(1_234)]
    registry.put_devices(tx, many, now=0)
    assert registry.all_devices(tx) == many
    assert not registry.put_devices(tx, many, now=1)


PLACE = Place("p-402", "402", "household", "u-2", None, 120.0, 31.25, attributes={"floor": 4})


def test_the_registry_s_sql_compiles_for_postgresql(database: Database) -> None:
    dialect, seen = postgresql.dialect(), []  # type: ignore[no-untyped-call]

    @event.listens_for(database._engine, "before_execute")
    def _note(_tx: object, statement: object, *_rest: object) -> None:
        seen.append(str(statement.compile(dialect=dialect)))  # type: ignore[attr-defined]

    def everything(tx: Connection) -> None:
        registry.put_devices(tx, [GAS], now=0)
        registry.put_places(tx, [PLACE], now=0)
        registry.registration_times(tx, ["g1"])
        registry.find_device(tx, "tts", "x")
        registry.community(tx)
        registry.delete_device(tx, "g1", now=0)

    database.write_blocking(everything)
    assert len(seen) > 15


names = st.text("abc", min_size=1, max_size=2)


values = (
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aé枫\"'", max_size=3)
)


some_devices = st.builds(
    Device,
    id=names,
    kind=names,
    model=st.none() | names,
    place=st.none() | names,
    identities=st.lists(st.builds(Identity, st.sampled_from(["tts", "native"]), names), max_size=3).map(tuple),
    attributes=st.dictionaries(names, values, max_size=3),
)


@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(60, short=20)
)
@given(st.lists(st.lists(some_devices, max_size=4), max_size=4))
def test_whatever_is_put_no_identity_ever_has_two_owners(database: Database, puts: list[list[Device]]) -> None:
    def scene(tx: Connection) -> None:
        for one in registry.all_devices(tx):
            registry.delete_device(tx, one.id, now=0)
        for wanted in puts:
            try:
                with tx.begin_nested():
                    registry.put_devices(tx, wanted, now=0)
            except IdentityTaken:
                continue
            kept = {one.id: one for one in registry.all_devices(tx)}
            for one in {one.id: one for one in wanted}.values():
                assert repr(kept[one.id].attributes) == repr(one.attributes)
            holders: dict[Identity, str] = {}
            for one in kept.values():
                for identity in {Identity("native", one.id), *one.identities}:
                    assert holders.setdefault(identity, one.id) == one.id

    database.write_blocking(scene)
