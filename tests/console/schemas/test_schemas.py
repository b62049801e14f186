"""Schemas have the same fields as the structs they are made from, so that no field is lost."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from types import ModuleType

import msgspec
import pytest
from msgspec import Struct

from console.schemas import messages, registry
from console.schemas import rules as schema
from domain import Cell, Device, Person, Place
from rules.rulebook.diff import RulebookDiff
from rules.tools import backtest, explain
from store.database.refusals import refusals
from store.database.refusals.unregistered_devices import UnregisteredDevice
from store.database.system.audit import AuditEntry


def fields(shape: type[Struct]) -> set[str]:
    return {one.encode_name for one in msgspec.structs.fields(shape)}


@pytest.mark.parametrize(
    ("inner", "outer", "more"),
    [
        (backtest.RuleStatistics, schema.RuleStatistics, set()),
        (backtest.Episode, schema.BacktestFinding, set()),
        (backtest.Comparison, schema.BacktestDifference, set()),
        (RulebookDiff, schema.ReloadResult, {"rules"}),
        (refusals.RefusalCount, messages.RefusalCount, set()),
        (UnregisteredDevice, messages.UnregisteredDevice, {"at_least"}),
        (AuditEntry, messages.AuditEntry, {"names"}),
        (Device, registry.Device, set()),
        (Place, registry.Place, set()),
        (Cell, registry.Cell, set()),
        (Person, registry.Person, set()),
    ],
)
def test_a_schema_has_every_field_of_its_source(inner: type[Struct], outer: type[Struct], more: set[str]) -> None:
    assert fields(inner) | more == fields(outer)


def written_keys(module: ModuleType) -> Iterator[str]:
    """The keys of a story in the source: those of a dict's literal, and `story["..."] = `."""
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Dict):
            yield from (key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.ctx, ast.Store):
            yield str(node.slice.value)


def test_an_explanation_has_every_field_of_its_source() -> None:
    """Which keys a story has depends on the rule: so the source is asked, not one story."""
    conditions = {"when", "event", "clear", "only_if"}
    parts = fields(schema.ConditionValue) | fields(schema.GroupPart) | fields(schema.GroupMember)
    written = set(written_keys(explain)) - conditions
    assert {"reasons", "missed_at", "members"} <= written
    assert written <= fields(schema.Explanation) | parts
