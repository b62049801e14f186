"""Spellings of one field name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mappings.field_names import leaf_below_containers, leaf_below_folders, name_variants, normalized


@pytest.mark.parametrize("name", ["smokeAlarm", "SMOKE_ALARM", "Smoke alarm", "smoke-alarm"])
def test_every_spelling_of_a_name_is_normalized_to_one(name: str) -> None:
    assert "smokealarm" == normalized(name)


@pytest.mark.parametrize(
    ("name", "variants"),
    [
        ("status.smokeAlarm", ("statussmokealarm", "smokealarm")),
        ("a.b.smoke", ("absmoke", "bsmoke", "smoke")),
        ("flood.value", ("floodvalue", "flood")),
        ("battery.alarm", ("batteryalarm",)),
        ("alarmFall", ("alarmfall", "fallalarm")),
        ("alarm", ("alarm",)),
        ("", ("",)),
    ],
)
def test_a_field_is_known_by_its_name_and_by_the_end_of_its_path(name: str, variants: tuple[str, ...]) -> None:
    assert variants == name_variants(name)


def test_an_ambiguous_last_word_counts_for_nothing_by_itself() -> None:
    assert ("smokealarm", "", "") == tuple(
        leaf_below_folders(name) for name in ("Kitchen/Smoke Alarm", "Battery/Alarm", "Smoke")
    )
    assert (("event",), (), ()) == tuple(
        leaf_below_containers(name) for name in ("status.event", "battery.alarm", "event")
    )


@given(st.text(max_size=200))
def test_any_name_has_variants_and_the_whole_name_comes_first(name: str) -> None:
    assert name_variants(name)[0] == normalized(name)
