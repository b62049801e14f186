"""A fault is printed as editors understand it."""

from __future__ import annotations

from app.config.faults import ConfigError, ConfigFault


def test_a_fault_is_printed_as_file_line_column_field_and_message() -> None:
    faults = [ConfigFault("site.yaml", 2, 5, "sign", "is missing"), ConfigFault("a.csv", 1, 1, "", "not CSV")]

    assert str(ConfigError(faults)) == "site.yaml:2:5: sign: is missing\na.csv:1:1: not CSV"
    assert ConfigError(faults).faults == tuple(faults)
