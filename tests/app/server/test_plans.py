"""A running service finds a plan that is added to the site's folder."""

from __future__ import annotations

import os
from pathlib import Path

from app.server.plans import PlacePlans


def test_a_plan_that_is_added_or_removed_is_noticed(tmp_path: Path) -> None:
    assert PlacePlans(None)() == {}
    plans, folder = PlacePlans(tmp_path), tmp_path / "plans"
    assert plans() == {}
    folder.mkdir()
    (folder / "b3.svg").write_text("<svg/>")
    os.utime(folder, ns=(1, 1))
    assert list(plans()) == ["b3"]
    (folder / "b4.svg").write_text("<svg/>")
    os.utime(folder, ns=(2, 2))
    assert list(plans()) == ["b3", "b4"]
    (folder / "b3.svg").unlink()
    os.utime(folder, ns=(3, 3))
    assert list(plans()) == ["b4"]
