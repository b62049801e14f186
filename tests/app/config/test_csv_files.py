"""Faults of CSV files name line, column and what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config.csv_files import read_csv
from app.config.faults import ConfigError
from app.config.registry_files import CSV_FILES, read_devices, read_records


def test_a_csv_row_without_its_id_names_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "devices.csv"
    file.write_text("id,kind,platform\ngas-1,gas_alarm,\n,gas_alarm,\n", "utf-8")

    with pytest.raises(ConfigError) as caught:
        read_devices(file, {"gas_alarm": 1})

    assert [str(fault) for fault in caught.value.faults] == [f"{file}:3:1: id: is empty: every row needs it"]


def test_an_unknown_column_is_reported_before_any_row_is_read(tmp_path: Path) -> None:
    file = tmp_path / "places.csv"
    file.write_text("id,name,levle\n", "utf-8")

    with pytest.raises(ConfigError) as caught:
        read_records(file, "places")

    assert [(fault.column, fault.field) for fault in caught.value.faults] == [(1, "level"), (9, "levle")]


def test_csv_cells_beyond_the_header_are_reported(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv"
    file.write_text("id,name,level\ng1,网格,grid,extra\n", "utf-8")
    required, optional, make = CSV_FILES["cells"]

    with pytest.raises(ConfigError, match="more cells than the first line has columns"):
        read_csv(file, required, optional, make)
