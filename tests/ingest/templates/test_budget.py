"""A template has a limited number of nodes, and the paths that it reads are known unless it computes one."""

from __future__ import annotations

import pytest

from ingest.templates.budget import NODES_MAX, Budget
from ingest.templates.nodes import Item, Literal, Name, UnsupportedTemplate


def test_beyond_the_limit_of_nodes_a_template_is_unsupported() -> None:
    budget = Budget()
    for _ in range(NODES_MAX):
        budget.spend()

    with pytest.raises(UnsupportedTemplate, match=f"more than {NODES_MAX} parts"):
        budget.spend()


def test_a_chain_of_constant_keys_is_a_path_and_a_computed_key_is_none() -> None:
    budget = Budget()
    budget.read(Item(Item(Name("value_json"), Literal("a")), Literal(0)))
    assert ([("a", 0)], False) == (budget.paths, budget.has_computed_path)

    budget.read(Item(Name("value_json"), Name("value")))
    assert budget.has_computed_path
