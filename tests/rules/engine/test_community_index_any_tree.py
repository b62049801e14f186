"""Rules of buildings, households and persons on trees of any levels, and devices without a place."""

from __future__ import annotations

import pytest

from app.pipeline.refused_dangers import danger_findings
from domain import DAY, HOUR, MINUTE, Cell, Device, Finding, Person, Place, Reading, RefusalReason, Subject, Value
from domain.kind import Kind
from domain.levels import LevelRole
from domain.people import Community, community
from ingest.results import Refusal
from rules.engine.community_index import CommunityIndex
from rules.engine.engine import Engine
from rules.rulebook.model import Rulebook

T0 = 1_767_225_600_000
ELDER = Person("elder", "王奶奶", home="flat", attributes={"lives_alone": True, "age": 82})
TREES = {
    "楼栋/单元/户": ("楼栋", "单元", "户"),
    "block/stair/flat": ("Block", "stair", "flat"),
    "loudong/danyuan/hu": ("loudong", "danyuan", "hu"),
    "幢/层/室": ("幢", "层", "室"),
    "names that say nothing": ("甲", "单元", "丙"),
}


def registry_of(building: str, unit: str, flat: str) -> Community:
    places = [
        Place("yard", "枫林苑", "小区", cell="grid"),
        Place("house", "3栋", building, "yard"),
        Place("stairs", "2单元", unit, "house"),
        Place("flat", "402", flat, "stairs"),
        Place("other", "403", flat, "stairs"),
    ]
    return community(places, [Cell("grid", "网格", "grid")], [ELDER])


DEVICES = (
    Device("meter", "water_meter", place="flat"),
    Device("door", "door", place="flat"),
    Device("motion", "motion", place="flat"),
    Device("smoke-1", "smoke_alarm", place="flat"),
    Device("smoke-2", "smoke_alarm", place="other"),
    Device("band", "wristband", attributes={"person": "elder"}),
)


def engine_of(kinds: dict[str, Kind], books: dict[str, Rulebook], registry: Community) -> Engine:
    engine = Engine(list(books.values()), kinds, registry)
    engine.register(DEVICES, T0)
    return engine


def feed(engine: Engine, device: str, at: int, **values: Value) -> list[Finding]:
    kind = next(known.kind for known in DEVICES if known.id == device)
    return engine.feed([Reading(device, kind, T0 + at, T0 + at, values)], T0 + at)


@pytest.mark.parametrize("levels", TREES.values(), ids=TREES)
def test_smoke_in_two_flats_is_one_fire_of_the_building(
    kinds: dict[str, Kind], books: dict[str, Rulebook], levels: tuple[str, str, str]
) -> None:
    engine = engine_of(kinds, books, registry_of(*levels))
    feed(engine, "smoke-1", 0, alarm=True)
    found = {finding.rule: finding for finding in feed(engine, "smoke-2", MINUTE, alarm=True)}

    fire = found["fire-building"]
    assert (fire.subject, fire.place) == (Subject("building", "house"), "house")
    assert "枫林苑3栋2单元402" in [line.value for line in fire.evidence]
    assert found["smoke-alarm"].place == "other"


@pytest.mark.parametrize("levels", TREES.values(), ids=TREES)
def test_an_elder_without_water_use_door_or_movement_is_one_welfare_finding_of_the_household(
    kinds: dict[str, Kind], books: dict[str, Rulebook], levels: tuple[str, str, str]
) -> None:
    engine = engine_of(kinds, books, registry_of(*levels))
    found: list[Finding] = []
    for hour in range(3 * 24):
        found += feed(engine, "meter", hour * HOUR, volume_m3=12.5)
        found += feed(engine, "door", hour * HOUR + 1, opened=False)
        found += feed(engine, "motion", hour * HOUR + 2, occupied=False)
        found += engine.tick(T0 + hour * HOUR + MINUTE)

    welfare = [finding for finding in found if finding.rule == "home-welfare"]
    assert [(finding.subject, finding.place) for finding in welfare] == [(Subject("household", "flat"), "flat")]


def test_a_school_groups_findings_as_a_building_and_a_road_does_not(
    kinds: dict[str, Kind], books: dict[str, Rulebook]
) -> None:
    """Shops along two kilometres of road are not one fire; three detectors of one school are."""
    rules_by_level = {}
    for level in ("路", "学校"):
        places = [
            Place("house", "枫树", level),
            Place("flat", "1号", "商铺", "house"),
            Place("other", "2号", "商铺", "house"),
        ]
        engine = engine_of(kinds, books, community(places))
        feed(engine, "smoke-1", 0, alarm=True)
        rules_by_level[level] = {finding.rule for finding in feed(engine, "smoke-2", MINUTE, alarm=True)}

    assert "fire-building" in rules_by_level["学校"]
    assert "fire-building" not in rules_by_level["路"]


def test_a_level_declared_as_building_groups_findings_from_then_on(
    kinds: dict[str, Kind], books: dict[str, Rulebook]
) -> None:
    places = [Place("house", "东片", "片"), Place("flat", "1", "户", "house"), Place("other", "2", "户", "house")]
    engine = engine_of(kinds, books, community(places))
    feed(engine, "smoke-1", 0, alarm=True)
    engine.community = community(places, levels={"片": LevelRole.BUILDING})

    assert "fire-building" not in {finding.rule for finding in feed(engine, "smoke-2", MINUTE, alarm=True)}
    feed(engine, "smoke-1", DAY, alarm=False)
    feed(engine, "smoke-2", DAY, alarm=False)
    feed(engine, "smoke-1", 2 * DAY, alarm=True)
    assert "fire-building" in {finding.rule for finding in feed(engine, "smoke-2", 2 * DAY + 1, alarm=True)}


def test_a_wristband_without_a_place_is_at_the_home_of_its_wearer(
    kinds: dict[str, Kind], books: dict[str, Rulebook]
) -> None:
    """Its garbled frame opened an alert without a place, and the SOS after it joined that alert."""
    registry = registry_of("楼栋", "单元", "户")
    engine = engine_of(kinds, books, registry)
    found = {finding.rule: finding for finding in feed(engine, "band", 0, sos=True)}

    assert (found["band-sos"].subject, found["band-sos"].place) == (Subject("person", "elder"), "flat")
    registry_index = CommunityIndex(registry)
    assert registry_index.subject(DEVICES[-1], "device") == (Subject("device", "band"), "flat")
    refusal = Refusal(T0, "native", "t", b"", RefusalReason.BAD_VALUE, "", "native", "band", True, device=DEVICES[-1])
    (garbled,) = danger_findings([refusal], {"wristband"}, registry)
    assert (garbled.device, garbled.place) == ("band", "flat")


def test_evidence_of_a_wristband_names_the_home_of_its_wearer(kinds: dict[str, Kind]) -> None:
    rule = {
        "name": "one", "of": "device", "kind": "wristband", "event": "fall", "release": "1m",
        "title": {"zh": "跌倒", "en": "Fall"}, "severity": "high", "source": "test",
    }  # fmt: skip
    many = {
        "name": "many", "of": "building", "gather": {"within": "10m", "parts": [{"rules": ["one"]}]},
        "title": {"zh": "多", "en": "Many"}, "severity": "high", "source": "test",
    }  # fmt: skip
    book = Rulebook.model_validate({"hazard": "person", "rules": [rule, many]})
    engine = engine_of(kinds, {"person": book}, registry_of("楼栋", "单元", "户"))

    found = {finding.rule: finding for finding in feed(engine, "band", 0, fall=True)}
    assert found["many"].subject == Subject("building", "house")
    assert found["many"].evidence[1].value == "枫林苑3栋2单元402"


def test_a_sensor_in_a_room_has_the_residents_of_the_flat() -> None:
    places = [Place("flat", "402", "户"), Place("kitchen", "厨房", "厨房", "flat")]
    registry_index = CommunityIndex(community(places, people=[ELDER]))

    assert registry_index.attribute(Device("gas", "gas_alarm", place="kitchen"), "person", "lives_alone") is True
    assert (
        registry_index.attribute(Device("gas", "gas_alarm", attributes={"person": "nobody"}), "person", "age") is None
    )


def test_coordinates_are_those_of_the_building_or_pole_never_of_a_compound_or_road() -> None:
    places = [
        Place("yard", "枫林苑", "小区", lat=30.1, lon=104.1),
        Place("house", "3栋", "楼栋", "yard", lat=30.2, lon=104.2),
        Place("flat", "402", "户", "house"),
        Place("lone", "401", "户", "yard"),
        Place("road", "枫树路", "路", lat=30.3, lon=104.3),
        Place("pole", "9号", "灯杆", "road", lat=30.4, lon=104.4),
    ]
    registry_index = CommunityIndex(community(places))

    def lat(place: str) -> object:
        return registry_index.attribute(Device("x", "lamp_post", place=place), "place", "lat")

    assert [lat(place) for place in ("flat", "house", "lone", "yard", "road", "pole")] == [
        30.2,
        30.2,
        None,
        None,
        None,
        30.4,
    ]
