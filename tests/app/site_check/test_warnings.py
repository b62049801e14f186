"""Warnings: probable misspellings, mappings without units, the end of the holiday table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from app.site_check.check import check_site_files
from tests.support.site_files import NOW, TZ, faults_and_warnings, write_site


def test_the_table_of_holidays_is_renewed_before_it_ends(tmp_path: Path) -> None:
    def warns(*date: int) -> bool:
        now = int(datetime(*date, tzinfo=TZ).timestamp() * 1000)  # type: ignore[arg-type, misc]
        return any(
            "the table of public holidays ends on 2027-12-31" in line for line in faults_and_warnings(tmp_path, now)[1]
        )

    write_site(tmp_path)
    assert [warns(2027, 9, 1), warns(2027, 10, 10), warns(2029, 1, 1)] == [False, True, True]


def test_a_probable_misspelling_is_a_warning_and_no_fault(tmp_path: Path) -> None:
    devices = "id,kind,model,place,attributes.lives_alon\ng,gas_alarm,TBWL10,h1,true\n"
    people = "id,name,phone,attributes.lives_alon\nli,李伟,19900000001,true\nchen,陈芳,19900000002,\n"
    write_site(tmp_path, devices_csv=devices, people_csv=people)
    (tmp_path / "rules").mkdir()
    book = "hazard: manhol\nversion: 1\nrules:\n- {name: x, title: {zh: 盖, en: x}, kind: manhole, severity: low,"
    (tmp_path / "rules" / "x.yaml").write_text(f"{book} when: opened, source: test}}\n", "utf-8")
    faults, warnings = faults_and_warnings(tmp_path)
    assert faults == []
    assert (
        "people.csv:1:15: attributes.lives_alon: nothing asks for 'lives_alon'; did you mean attributes.lives_alone?"
        in warnings
    )
    assert "rules/x.yaml:1:1: hazard: no text is written for 'manhol'; did you mean manhole?" in warnings


def test_a_mapping_without_a_unit_is_warned_of_at_its_line(tmp_path: Path) -> None:
    (tmp_path / "mappings").mkdir()
    lines = ["platform: zigbee2mqtt", "version: 1", "kinds:", "  water_meter:", "    counted: volume_m3"]
    (tmp_path / "mappings" / "own.yaml").write_text("\n".join(lines), "utf-8")
    (tmp_path / "mappings" / "bad.yaml").write_text("platform: [", "utf-8")
    result, _ = check_site_files(write_site(tmp_path), NOW)

    (warning,) = [line for line in result.warnings if "mappings" in line]
    assert warning.startswith(f"{tmp_path}/mappings/own.yaml:5:5: kinds.water_meter.counted: nobody says in which unit")
    assert "write `unit: m³` (or L" in warning
