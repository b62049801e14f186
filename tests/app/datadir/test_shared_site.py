"""The files of a site on two machines: who changed what decides what is taken over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.datadir.shared_site import KEPT_FOLDER, Merge, SharedSite
from store.database.database import Database

CSV = "id,name,level,parent\n"


class Machine:
    """A machine with a folder of its own on the ledger of both."""

    def __init__(self, folder: Path, ledger: str) -> None:
        self.site, self.data = folder / "site", folder / "data"
        self.site.mkdir(parents=True)
        self.data.mkdir()
        self.database = Database(ledger)
        self.shared = SharedSite(self.site, self.data, self.database, folder.name, lambda: 1)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.site / name.replace("__", "/")
            path = path.with_name(f"{path.name}.yaml" if "." not in path.name else path.name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def files(self) -> dict[str, str]:
        return {
            path.relative_to(self.site).as_posix(): path.read_text()
            for path in sorted(self.site.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def machines(tmp_path: Path, empty_ledger: str) -> Iterator[tuple[Machine, Machine]]:
    """Two machines with the same site, after both were active once."""
    pair = Machine(tmp_path / "a", empty_ledger), Machine(tmp_path / "b", empty_ledger)
    for machine in pair:
        machine.write(site="name: 枫桥\n", rules__gas="hazard: gas\n", rules__old="hazard: old\n")
        machine.shared.pull()
        machine.shared.push()
    yield pair
    for machine in pair:
        machine.database.close()


def test_what_was_changed_added_and_removed_on_the_active_machine_is_taken_over(
    machines: tuple[Machine, Machine],
) -> None:
    active, standby = machines
    active.write(rules__gas="hazard: gas\nversion: 2\n", rules__new="hazard: new\n")
    (active.site / "rules" / "old.yaml").unlink()
    assert active.shared.push() == ["rules/gas.yaml", "rules/new.yaml", "rules/old.yaml"]
    assert standby.shared.pull() == Merge(("rules/gas.yaml", "rules/new.yaml", "rules/old.yaml"))
    assert standby.files() == active.files()
    assert standby.shared.pull() == Merge()
    assert standby.shared.push() == []


def test_what_was_changed_on_the_standby_comes_into_force_with_the_takeover(machines: tuple[Machine, Machine]) -> None:
    active, standby = machines
    standby.write(rules__gas="hazard: gas\nversion: 3\n")
    assert standby.shared.pull() == Merge()
    assert standby.shared.push() == ["rules/gas.yaml"]
    assert active.shared.pull() == Merge(("rules/gas.yaml",))
    assert active.files() == standby.files()


def test_of_a_file_that_was_changed_on_both_the_active_one_is_in_force_and_ours_is_kept(
    machines: tuple[Machine, Machine],
) -> None:
    active, standby = machines
    active.write(rules__gas="version: 2\n")
    active.shared.push()
    standby.write(rules__gas="version: 3\n")
    assert standby.shared.pull().conflicts == ("rules/gas.yaml",)
    assert standby.files()["rules/gas.yaml"] == "version: 2\n"
    assert (standby.data / KEPT_FOLDER / "rules" / "gas.yaml").read_text() == "version: 3\n"


def test_settings_keys_and_hidden_files_belong_to_a_machine(machines: tuple[Machine, Machine]) -> None:
    active, standby = machines
    active.write(**{"site": "name: 别处\n", "tls__server.key": "secret", "tls__server.pem": "x", ".git__config": "x"})
    assert active.shared.push() == ["site.yaml"]
    assert standby.shared.pull() == Merge()
    assert standby.files()["site.yaml"] == "name: 枫桥\n"


def test_files_with_faults_and_a_folder_that_is_not_mounted_change_nothing(machines: tuple[Machine, Machine]) -> None:
    active, standby = machines
    active.write(**{"places.csv": CSV + "x,y\n", "rules__gas": "version: 2\n"})
    assert active.shared.push() == []
    active.site.rename(active.site.with_name("away"))
    assert active.shared.push() == []
    active.site.mkdir()
    assert active.shared.push() == []
    assert standby.shared.pull() == Merge()


def test_a_new_machine_without_files_takes_all_of_them(machines: tuple[Machine, Machine], tmp_path: Path) -> None:
    active, _ = machines
    third = Machine(tmp_path / "c", active.database._engine.url.render_as_string(hide_password=False))
    assert third.shared.pull() == Merge(("rules/gas.yaml", "rules/old.yaml"))
    third.database.close()
