"""The period of a backtest."""

from __future__ import annotations

import pytest

from app.errors import UserError
from app.rule_tools.backtest import clip_to_recorded


def test_a_period_before_the_first_record_is_refused() -> None:
    assert clip_to_recorded(1_000, 2_000) == 1_000
    with pytest.raises(UserError, match="of that time nothing is remembered"):
        clip_to_recorded(2_000, 2_000)
