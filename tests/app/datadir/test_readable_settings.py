"""At a first start a fault in one part of site.yaml costs this part, not every channel."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.datadir.readable_settings import without_faulty_parts
from app.datadir.site_in_force import site_in_force

SITE = """\
name: 枫林
last_resort: [wang]
retention: {raw_days: 30}
channels:
  sms:
    providers:
    - {type: aliyun, templates: {gas: SMS_1}}
    - {type: tencent, app_id: '0400'}
  wecom: {corp_id: ww1, agent_id: 7}
"""
PEOPLE = "id,name,phone\nwang,王强,19900000001\n"


def start(tmp_path: Path, text: str) -> tuple[str, tuple[str, ...], list[str]]:
    """(name, configured channels, fields at fault) of a first start."""
    site = tmp_path / "site"
    site.mkdir(exist_ok=True)
    (site / "site.yaml").write_text(text, "utf-8")
    (site / "people.csv").write_text(PEOPLE, "utf-8")
    (tmp_path / "data").mkdir(exist_ok=True)
    found = site_in_force(site, tmp_path / "data")
    assert len(found.config.people) == 1
    return found.config.settings.name, found.config.settings.channels.configured, [one.field for one in found.faults]


@pytest.mark.parametrize(
    ("wrong", "name", "channels"),
    [
        (("type: tencent", "type: pigeon"), "枫林", ("sms", "wecom")),
        (("corp_id: ww1", "corp: ww1"), "枫林", ("sms",)),
        (("raw_days: 30", "raw_days: ever"), "枫林", ("sms", "wecom")),
        (("name: 枫林", "nmae: 枫林"), "枫哨", ("sms", "wecom")),
        (("  wecom: {corp_id: ww1, agent_id: 7}", "  wecom: 7\n  pigeon: {}"), "枫林", ("sms",)),
        (("last_resort: [wang]", "last_resort: [wang\n"), "枫哨", ()),
    ],
)
def test_the_rest_of_the_settings_is_in_force_and_the_fault_named(
    tmp_path: Path, wrong: tuple[str, str], name: str, channels: tuple[str, ...]
) -> None:
    assert start(tmp_path, SITE) == ("枫林", ("sms", "wecom"), [])
    (tmp_path / "data" / "site-good").rename(tmp_path / "elsewhere")
    found = start(tmp_path, SITE.replace(*wrong))
    assert found[:2] == (name, channels)
    assert found[2]


def test_all_providers_at_fault_are_no_channel(tmp_path: Path) -> None:
    text = SITE.replace("type: tencent", "type: pigeon").replace("type: aliyun", "type: dove")
    assert start(tmp_path, text)[1] == ("wecom",)


def test_the_next_start_without_faults_has_everything_again(tmp_path: Path) -> None:
    start(tmp_path, SITE.replace("corp_id: ww1", "corp: ww1"))
    assert start(tmp_path, SITE) == ("枫林", ("sms", "wecom"), [])
    _, channels, faults = start(tmp_path, SITE.replace("corp_id: ww1", "corp: ww1"))
    assert (channels, bool(faults)) == (("sms", "wecom"), True), "now the last good file is in force"


def test_a_fault_without_a_place_leaves_nothing_to_keep(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(SITE, "utf-8")
    assert without_faulty_parts(file, ["reports.enabled"]) is None
    file.write_text("- a\n- b\n", "utf-8")
    assert without_faulty_parts(file, ["0", "7", "a"]) == "- b\n"
    file.write_text("just words", "utf-8")
    assert without_faulty_parts(file, ["name"]) is None
    file.write_text("name: [\n", "utf-8")
    assert without_faulty_parts(file, ["name"]) is None
