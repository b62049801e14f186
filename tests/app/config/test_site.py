"""Loading a site folder: what is a site, and references between its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config.faults import ConfigError
from app.config.site import load_site


def test_a_place_whose_cell_does_not_exist_is_found_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("id,name,level,parent,cell\np1,1栋,building,,nowhere\n", "utf-8")

    with pytest.raises(ConfigError, match=r"places.csv:2:17: cell: 'nowhere' does not exist"):
        load_site(tmp_path)


def test_the_site_template_loads_and_its_places_have_addresses() -> None:
    from app.cli.init import SITE_TEMPLATE
    from domain.people import community

    site = load_site(SITE_TEMPLATE)
    tree = community(site.places, site.cells, site.people, site.duties)

    assert (tree.address("b1-1-101"), tree.cell_of("b1-1-101")) == ("示例苑1栋1单元101", "grid-1")


def test_a_folder_that_is_no_site_is_not_loaded_as_an_empty_one(tmp_path: Path) -> None:
    """A mistyped --site would have watched nothing and told nobody."""
    with pytest.raises(ConfigError, match="is no site"):
        load_site(tmp_path)
