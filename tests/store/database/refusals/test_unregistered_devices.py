"""Who may be claimed: what a platform said of a device stays with it when it speaks."""

from __future__ import annotations

from sqlalchemy import Connection

from domain import Identity, Lane, RefusalReason
from ingest.results import DeviceEvent, DeviceEventKind, DiscoveredDevice, Refusal
from store.database.refusals import refusals
from store.database.refusals.unregistered_devices import list_unregistered, record_discovery

IEEE = "0x00158D0001DEEC28"


def say(tx: Connection, *proposals: DiscoveredDevice) -> None:
    record_discovery(
        tx, [DeviceEvent(DeviceEventKind.DISCOVERY, "homeassistant", None, "", at=5, discovered=proposals)]
    )


def test_an_announced_device_keeps_its_announcement_when_its_messages_are_refused(tx: Connection) -> None:
    mine, other = ("zigbee2mqtt", IEEE), ("homeassistant", "kitchen")
    say(tx, DiscoveredDevice((mine, ("zigbee2mqtt", "Kitchen")), ("gas",), "Heiman", "HS3CG", "Kitchen"))
    say(tx, DiscoveredDevice((other, mine), ("battery",)))
    spoken = Refusal(7, "zigbee2mqtt", "t", b"", RefusalReason.UNKNOWN_DEVICE, "", "zigbee2mqtt", IEEE.lower(), True)
    refusals.store_refusals(tx, Lane.BULK, 1, [spoken], limit=9)

    (found,) = list_unregistered(tx, 9, lambda *_: False, lambda _, hints: "gas_alarm" if "gas" in hints else None)
    assert ("gas_alarm", "Heiman", "HS3CG", "Kitchen") == (found.proposed_kind, found.vendor, found.model, found.name)
    assert {Identity(*mine), Identity(*other), Identity("zigbee2mqtt", "Kitchen")} <= set(found.identities)


def test_the_obstacle_to_decoding_is_listed_with_the_device(tx: Connection) -> None:
    mine = ("homeassistant", "kitchen-gas")
    say(
        tx,
        DiscoveredDevice((("homeassistant", "240ac4"), mine), ("gas",)),
        DiscoveredDevice((("homeassistant", "other"),), ("gas",)),
    )
    unheard = Refusal(7, mine[0], "t", b"", RefusalReason.NO_CODEC, "no filter covers its topic", mine[0], mine[1])
    refusals.store_refusals(tx, Lane.BULK, 1, [unheard], limit=9)

    found = list_unregistered(tx, 9, lambda *_: False, lambda *_: None)

    assert {"240ac4": "no filter covers its topic", "other": None} == {one.identity: one.obstacle for one in found}
