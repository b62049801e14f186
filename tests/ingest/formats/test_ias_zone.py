"""Raw zone statuses of the Zigbee Cluster Library."""

from __future__ import annotations

from ingest.formats.ias_zone import name_zone_fields


def test_an_unreadable_raw_zone_status_is_kept() -> None:
    for word in ("zz", "01", None, 70_000, True):
        assert name_zone_fields({"ZoneStatus": word}) == {"ZoneStatus": word}
