"""The first five minutes of the demo: what happens, and what it opens through decoder and rules."""

from __future__ import annotations

from itertools import takewhile

import pytest

from app.config.site import load_site
from app.server.demo import SITE
from app.server.demo_day import DemoDay, Happening
from domain import HOUR, MINUTE, SECOND, Instant
from simulators.events import CitizenReport, GroundTruth, Measurement
from simulators.town.citizens.photo import hazard_photo
from simulators.town.site_town import town_of_site
from tests.support.town_findings import findings

START: Instant = 1_795_795_200_000 + 9 * HOUR


@pytest.mark.parametrize("seed", [1, 2])
def test_gas_a_fall_a_burst_an_open_manhole_and_a_report_within_five_minutes(seed: int) -> None:
    site = load_site(SITE)
    day = DemoDay(site, seed, START)
    events = list(takewhile(lambda timed: timed.at < START + 5 * MINUTE, day.events))
    happened: list[Happening] = []
    for timed in events:
        if isinstance(timed.event, GroundTruth) and (happening := day.happening(timed.at, timed.event)) is not None:
            happened.append(happening)
        elif isinstance(timed.event, CitizenReport):
            happened.append(day.report_happening(timed.at, timed.event))
    assert [one.title for one in happened[:4]] == ["厨房软管脱落", "独居老人跌倒", "户内爆管", "暴雨井盖"]
    assert happened[4].title.startswith("居民随手报：")
    assert len(happened) == 5
    assert all(one.place and one.english for one in happened)

    urgent = {timed.event.device for timed in events if isinstance(timed.event, Measurement) and timed.event.urgent}
    theirs = [timed for timed in events if isinstance(timed.event, Measurement) and timed.event.device in urgent]
    town = town_of_site(site.places, site.cells, site.people, site.duties, site.devices, site.settings.timezone)
    opened = findings(town, START, theirs, START + 5 * MINUTE)
    assert {"gas-alarm", "band-fall", "water-burst", "manhole-open"} <= {finding.rule for finding in opened}
    first = min(finding.at for finding in opened if finding.rule == "gas-alarm")
    assert first - START < 15 * SECOND
    reporting = {timed.event.device for timed in events if isinstance(timed.event, Measurement)}
    assert len(reporting) > 0.9 * len(site.devices), "ordinary life of all others goes on"


def test_a_site_without_such_devices_has_an_ordinary_day() -> None:
    site = load_site(None)
    assert list(DemoDay(site, 1, START).events) == []


def test_the_photo_is_a_jpeg_without_a_position() -> None:
    photo = hazard_photo(1)
    assert photo[:3] == b"\xff\xd8\xff"
    assert b"Exif" not in photo
    assert hazard_photo(1) == photo != hazard_photo(2)
