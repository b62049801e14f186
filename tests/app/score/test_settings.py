import pytest

from app.errors import UserError
from app.score.settings import START, Settings, date_of, first_day
from domain import DAY


def test_a_run_begins_at_the_local_midnight_of_a_date():
    assert first_day("2026-11-17") == START
    assert f"{date_of(first_day('2026-07-06')):%Y-%m-%d %H:%M}" == "2026-07-06 00:00"
    settings = Settings(days=2, start=first_day("2026-07-06"))
    assert settings.day(1).end == settings.whole.end == settings.start + 2 * DAY
    with pytest.raises(UserError, match="--from 6 July"):
        first_day("6 July")


def test_the_share_on_which_faults_act_is_multiplied():
    settings = Settings(faults=("late", "provider_down"))
    assert settings.wire_faults == {"late": {}}
    stronger = Settings(faults=("late", "provider_down"), intensity=20)
    assert stronger.wire_faults == {"late": {"share": 0.1}}
    assert stronger.people_faults == {"provider_down": {"share": 1.0, "all_share": 0.4}}
