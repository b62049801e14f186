"""A line of several addresses states what they have in common once, and names each of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.lifecycle.addresses import is_named, join_addresses

DOORS = st.lists(
    st.builds("枫林苑{}栋{}单元{}".format, st.integers(1, 3), st.integers(1, 2), st.integers(101, 112)),
    min_size=1,
    max_size=3,
    unique=True,
)


@given(DOORS)
def test_every_address_of_a_line_is_named_by_it(doors: list[str]) -> None:
    line = join_addresses(doors)
    assert line.endswith("等") or all(is_named(line, door) for door in doors)
    assert not is_named(line, "枫林苑9栋1单元101")


def test_a_door_that_only_begins_like_another_one_is_not_named() -> None:
    assert not is_named("枫林苑3栋2单元402、403", "枫林苑3栋2单元40")
    assert is_named("枫林苑3栋2单元402等", "枫林苑3栋2单元402")
    assert not is_named("", "枫林苑3栋")
    assert join_addresses(["", ""]) == ""


@pytest.mark.parametrize("door", ["1203", "10203", "1102"])
def test_a_door_with_a_longer_number_is_not_named_by_the_end_of_another(door: str) -> None:
    """The owner would not be told of the twelfth floor."""
    line = join_addresses(["枫林苑3栋102", "枫林苑3栋203"])
    assert not is_named(line, f"枫林苑3栋{door}")
