"""The number of fields in one item is limited."""

from __future__ import annotations

from domain import RefusalReason
from ingest.decoding.message import FIELDS_MAX, limit_fields
from ingest.results import DeviceEvent, DeviceEventKind, RawReading, Rejection


def raw_reading(fields: int) -> RawReading:
    return RawReading("p", "gas-1", None, {str(number): 0 for number in range(fields)}, aliases=("kitchen",))


def test_an_item_with_too_many_fields_is_rejected_under_the_names_of_its_device() -> None:
    rejection = limit_fields(raw_reading(FIELDS_MAX + 1))

    assert isinstance(rejection, Rejection)
    assert (RefusalReason.BAD_PAYLOAD, "gas-1", ("kitchen",)) == (
        rejection.reason,
        rejection.identity,
        rejection.aliases,
    )
    assert "2001 fields, 2000 at most" == rejection.detail


def test_other_items_are_unchanged() -> None:
    event = DeviceEvent(DeviceEventKind.LIFE, "p", "gas-1", "")
    full = raw_reading(FIELDS_MAX)

    assert (event, full) == (limit_fields(event), limit_fields(full))
