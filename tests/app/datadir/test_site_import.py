"""A record has record owner: what was changed over the API is not undone by the site's files at the next start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace
from sqlalchemy import Connection, update

from app.cli.database import with_database
from app.cli.init import write_site_template
from app.cli.main import main
from app.config.settings import AliyunSmsSettings, ChannelSettings
from app.config.site import SiteConfig, load_site
from app.datadir.site_import import DELETED, EDITED, ImportResult, import_changed_site, import_site
from store.database import registry
from store.database.registry import edits
from store.database.registry.changes import change_lineage
from store.database.registry.tables import people
from store.database.system import key_values
from tests.conftest import Broker
from tests.support.service_harness import ServiceHarness

NOW = 5
FILES = {
    "site.yaml": "name: 枫树社区\nsign: 枫树社区\nlast_resort: [li]\n",
    "places.csv": "id,name,level,parent,cell\nh1,101,household,,grid\n",
    "cells.csv": "id,name,level\ngrid,网格,grid\n",
    "people.csv": "id,name,phone\nli,李伟,19900000001\nchen,陈芳,19900000002\nzhao,赵敏,19900000003\n",
    "duties.csv": "id,cell,role,person\n1,grid,worker,li\n2,grid,lead,chen\n",
    "devices.csv": "id,kind,place\ngas-1,gas_alarm,h1\ngas-2,gas_alarm,h1\n",
}
DUTY: dict[str, Any] = {"cell": "grid", "role": "worker", "person": "zhao"}


class FiledHarness(ServiceHarness):
    """A town whose registry is in the files of its site."""

    @property
    def site(self) -> Path:
        return self.data.parent / "site"

    def save_file(self, **files: str) -> None:
        self.site.mkdir(exist_ok=True)
        for name, text in files.items():
            (self.site / name.replace("_", ".")).write_text(text, "utf-8")

    def _site_config(self) -> SiteConfig:
        folder = load_site(self.site)
        channels = ChannelSettings(aliyun_sms=AliyunSmsSettings(base_url=self.sms.url))
        return replace(folder, settings=folder.settings.model_copy(update={"channels": channels}))

    async def restarts(self) -> None:
        await self.stop()
        await self.start()

    async def worker(self) -> str:
        return str((await self.get("/api/v1/rosters/1"))["person"])

    async def differences(self) -> list[tuple[str, str]]:
        return [(record["record"], record["id"]) for record in await self.items("/api/v1/registry/differences")]


@pytest.fixture
async def harness(tmp_path: Path, broker: Broker, free_port: Callable[[], int]) -> AsyncIterator[FiledHarness]:
    harness = FiledHarness(tmp_path / "data", broker.port, free_port())
    harness.save_file(**{name.replace(".", "_"): text for name, text in FILES.items()})
    async with harness:
        yield harness


async def test_a_roster_edited_over_the_api_was_undone_by_the_file_at_the_next_start(
    harness: FiledHarness, caplog: pytest.LogCaptureFixture
) -> None:
    await harness.api.put("/api/v1/rosters/1", json=DUTY)
    await harness.restarts()
    assert await harness.worker() == "zhao"
    assert await harness.differences() == [("duties", "1")]
    assert (
        "duties.csv: 1: was changed over the API, which stays; in the file person 'li' instead of 'zhao'" in caplog.text
    )

    harness.save_file(duties_csv=FILES["duties.csv"].replace("1,grid,worker,li", "1,grid,worker,chen"))
    await harness.restarts()
    assert await harness.worker() == "zhao"


async def test_a_row_of_the_file_that_was_not_edited_over_the_api_is_imported_as_it_is_now(
    harness: FiledHarness,
) -> None:
    await harness.api.put("/api/v1/rosters/2", json={**DUTY, "role": "lead"})
    harness.save_file(duties_csv=FILES["duties.csv"].replace("1,grid,worker,li", "1,grid,worker,chen"))
    await harness.restarts()
    assert await harness.worker() == "chen"
    assert (await harness.get("/api/v1/rosters/2"))["person"] == "zhao"


async def test_what_was_deleted_over_the_api_does_not_come_back_from_the_file(harness: FiledHarness) -> None:
    assert (await harness.api.delete("/api/v1/rosters/1")).status_code == 204
    assert (await harness.api.delete("/api/v1/devices/gas-2")).status_code == 204
    await harness.restarts()
    assert (await harness.api.get("/api/v1/rosters/1")).status_code == 404
    assert (await harness.api.get("/api/v1/devices/gas-2")).status_code == 404
    assert sorted(await harness.differences()) == [("devices", "gas-2"), ("duties", "1")]


async def test_a_file_that_says_the_same_as_the_api_owns_the_record_again(harness: FiledHarness) -> None:
    await harness.api.put("/api/v1/rosters/1", json=DUTY)
    harness.save_file(duties_csv=FILES["duties.csv"].replace("1,grid,worker,li", "1,grid,worker,zhao"))
    await harness.restarts()
    assert await harness.differences() == []
    harness.save_file(duties_csv=FILES["duties.csv"])
    await harness.restarts()
    assert await harness.worker() == "li"


async def test_an_identity_that_moved_over_the_api_keeps_no_service_from_starting(harness: FiledHarness) -> None:
    moved = {"id": "new", "kind": "gas_alarm", "identities": [{"platform": "shelly", "id": "AA"}]}
    assert (await harness.api.post("/api/v1/devices", json=moved)).status_code == 201
    harness.save_file(devices_csv="id,kind,place,platform,platform_id\ngas-3,gas_alarm,h1,shelly,aa\n")
    await harness.restarts()
    assert (await harness.api.get("/api/v1/devices/gas-3")).status_code == 404
    assert await harness.differences() == [("devices", "gas-3")]

    assert (await harness.api.delete("/api/v1/devices/new")).status_code == 204
    await harness.restarts()
    assert (await harness.api.get("/api/v1/devices/gas-3")).status_code == 200


async def test_the_files_are_imported_beside_a_running_service_and_force_overwrites_edits(
    harness: FiledHarness,
) -> None:
    await harness.api.put("/api/v1/rosters/1", json=DUTY)
    harness.save_file(duties_csv=FILES["duties.csv"] + "3,grid,community,chen\n")

    async def run(*arguments: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, main, [*arguments, "--data", str(harness.data)])
        return done.output

    output = await run("site", "import")
    assert output.startswith("1 new, 0 changed, ")
    assert "kept: duties.csv: 1: was changed over the API" in output
    assert (await harness.get("/api/v1/rosters/3"))["person"] == "chen"
    assert await harness.worker() == "zhao"
    assert "not taken from the site's files: duties.csv: 1" in await run("check", "--site", str(harness.site))

    assert ", 0 kept" in await run("site", "import", "--force")
    assert await harness.worker() == "li"
    assert await harness.differences() == []

    harness.save_file(duties_csv="id,cell,role,person\n1,grid,worker,nobody\n")
    assert "'nobody' does not exist" in await run("site", "import")


async def test_without_a_service_the_files_of_a_dir_are_opened(harness: FiledHarness) -> None:
    await harness.api.put("/api/v1/rosters/1", json=DUTY)
    await harness.stop()
    arguments = ["site", "import", "--data", str(harness.data), "--site", str(harness.site)]
    kept = await asyncio.to_thread(CliRunner().invoke, main, arguments)
    assert "1 kept" in kept.output
    forced = await asyncio.to_thread(CliRunner().invoke, main, [*arguments, "--force"])
    assert ", 0 kept" in forced.output
    nobody = await asyncio.to_thread(CliRunner().invoke, main, ["site", "import", "--data", str(harness.data)])
    assert "name the site with --site" in nobody.output
    await harness.start()
    assert await harness.worker() == "li"


async def test_a_service_without_a_last_resort_starts_and_opens_a_finding_about_it(
    harness: FiledHarness, caplog: pytest.LogCaptureFixture
) -> None:
    assert await harness.items("/api/v1/alerts") == []
    harness.save_file(site_yaml=FILES["site.yaml"].replace("last_resort: [li]\n", ""))
    await harness.restarts()
    (alert,) = await harness.until_items("/api/v1/alerts")
    assert (alert["rule"], alert["ledger"]) == ("site-incomplete", "health")
    assert "a danger may reach nobody" in caplog.text
    await harness.restarts()
    assert len(await harness.items("/api/v1/alerts")) == 1

    harness.save_file(site_yaml=FILES["site.yaml"])
    await harness.restarts()
    await harness.until_state(alert["id"], "closed")


def imported(data: Path, site: Path, imports: Callable[..., ImportResult]) -> ImportResult:
    return with_database(data, lambda tx: imports(tx, load_site(site), NOW))


def test_a_start_with_the_records_of_the_last_one_writes_none_of_them(tmp_path: Path) -> None:
    site, data = tmp_path / "site", tmp_path / "data"
    write_site_template(site)
    first = imported(data, site, import_changed_site)
    before = with_database(data, registry.registry_version)

    again = imported(data, site, import_changed_site)

    assert (again.created, again.updated, again.unchanged) == (0, 0, first.created)
    assert with_database(data, registry.registry_version) == before


def test_a_start_with_the_same_files_still_names_what_was_edited(tmp_path: Path) -> None:
    site, data = tmp_path / "site", tmp_path / "data"
    write_site_template(site)
    imported(data, site, import_changed_site)
    person, device = load_site(site).people[0], load_site(site).devices[0]

    def edit(tx: Connection) -> None:
        registry.put_people(tx, [replace(person, name="另一个名字")], NOW)
        registry.delete_device(tx, device.id, NOW)
        edits.record_edits(tx, "people", [person.id], NOW)
        edits.record_edits(tx, "devices", [device.id], NOW, deleted=True)

    with_database(data, edit)
    kept = imported(data, site, import_changed_site)

    assert [(one.resource, one.id, one.reason) for one in kept.skipped] == [
        ("people", person.id, EDITED),
        ("devices", device.id, DELETED),
    ]
    assert kept.skipped == imported(data, site, import_site).skipped


def test_a_record_that_was_edited_back_belongs_to_the_file_again(tmp_path: Path) -> None:
    site, data = tmp_path / "site", tmp_path / "data"
    write_site_template(site)
    imported(data, site, import_changed_site)
    person = load_site(site).people[0]
    with_database(data, lambda tx: edits.record_edits(tx, "people", [person.id], NOW))

    assert imported(data, site, import_changed_site).skipped == ()
    assert with_database(data, edits.list_edits) == []


@pytest.mark.parametrize("changed", ["people.csv", "rosters.yaml", "site.yaml"])
def test_a_start_with_other_records_imports_them(tmp_path: Path, changed: str) -> None:
    site, data = tmp_path / "site", tmp_path / "data"
    site.mkdir()
    for name, text in FILES.items():
        (site / name).write_text(text, "utf-8")
    imported(data, site, import_changed_site)
    more = {
        "people.csv": FILES["people.csv"] + "wu,吴敏,19900000004\n",
        "rosters.yaml": "rotations:\n- {id: night, name: 夜班, cells: [grid], role: worker, layers: [{members: [li],"
        " start: 2026-12-01, handover: {every: 1d}}]}\n",
        "site.yaml": FILES["site.yaml"] + "levels: {household: spot}\n",
    }
    (site / changed).write_text(more[changed], "utf-8")

    result = imported(data, site, import_changed_site)

    assert result.created == (changed != "site.yaml")
    community = with_database(data, registry.community)
    assert "wu" in community.people or community.rotations or community.role_of(community.places["h1"]) == "spot"


def test_a_number_in_place_of_true_is_no_record_that_was_edited_back(tmp_path: Path) -> None:
    site, data = tmp_path / "site", tmp_path / "data"
    site.mkdir()
    changed = FILES["people.csv"].replace("phone\n", "phone,attributes.floors\n").replace("0001\n", "0001,1\n")
    for name, text in {**FILES, "people.csv": changed}.items():
        (site / name).write_text(text, "utf-8")
    imported(data, site, import_changed_site)
    li = load_site(site).people[0]

    def edit(tx: Connection) -> None:
        registry.put_people(tx, [replace(li, attributes={"floors": True})], NOW)
        edits.record_edits(tx, "people", [li.id], NOW)

    with_database(data, edit)

    assert [one.id for one in imported(data, site, import_changed_site).skipped] == [li.id]


def test_after_an_import_by_an_earlier_version_all_records_are_compared(tmp_path: Path) -> None:
    site, data = tmp_path / "site", tmp_path / "data"
    write_site_template(site)
    imported(data, site, import_changed_site)
    person = load_site(site).people[0]

    def import_as_before(tx: Connection) -> None:
        tx.execute(update(people).where(people.c.id == person.id).values(phone="19900000009"))
        key_values.put(tx, "registry_version", registry.registry_version(tx) + 1, NOW)

    with_database(data, import_as_before)

    assert imported(data, site, import_changed_site).updated == 1
    with_database(data, lambda tx: key_values.put(tx, "registry_version", registry.registry_version(tx) + 1, NOW))
    assert imported(data, site, import_changed_site).updated == 0
    assert with_database(data, change_lineage) is not None, "the next start compares nothing"
    assert with_database(data, registry.community).people[person.id] == person
