"""A town of two kitchens, run for two days through the whole service on virtual time."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from app.errors import UserError
from app.score.live_service import StoredDeliveries
from app.score.matching import Status
from app.score.report.page import render
from app.score.report.terminal import comparison, lines
from app.score.run import Result, simulate
from app.score.settings import Settings, fault_names
from domain import DAY, HOUR
from tests.support.two_kitchens import TOWN, tiny

SETTINGS = Settings(days=2, seed=7)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("score") / "run"


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    return simulate(SETTINGS, folder, build=tiny)


def test_people_are_notified_of_dangers_and_the_score_says_of_which(result: Result):
    found = {outcome.incident.id: outcome for outcome in result.matches.outcomes}
    assert {id_: one.status for id_, one in found.items()} == {
        "evening": Status.IN_TIME,
        "noon": Status.IN_TIME,
        "boil-over": Status.NUISANCE_NOTIFIED,
        "unheard": Status.MISSED,
    }
    assert result.figures.life_safety_recall == 0.6667
    assert found["noon"].text is not None
    assert "【" in found["noon"].text.text
    assert "燃气泄漏" in found["noon"].text.text
    kinds = {text.kind for text in result.texts}
    assert {"alert", "owned", "verify"} <= kinds, "the worker took it, arrived and dealt with it"


def test_a_miss_is_explained_by_what_its_rules_say(result: Result):
    (explanation,) = result.explanations
    assert explanation.incident == "unheard"
    assert any(rule["rule"] == "gas-alarm" and rule["phase"] == "quiet" for rule in explanation.rules)


async def test_a_delivery_is_found_in_the_database_of_another_process(result: Result, folder: Path):
    deliveries = StoredDeliveries(folder / "live", TOWN)
    text = next(text for text in result.texts if text.phone and text.kind == "alert" and text.dangers[0].device)
    with sqlite3.connect(folder / "live" / "ledger.db") as database:
        (id_,) = database.execute(
            "SELECT id FROM deliveries WHERE alert = ? AND kind = 'alert'", (text.alert,)
        ).fetchone()
    found = await deliveries.find(id_)
    assert found is not None
    assert found.alert.id == text.alert
    assert [finding.device for finding in found.findings] == [danger.device for danger in text.dangers]
    assert await deliveries.find("no-such-delivery") is None
    deliveries.close()


def test_an_interrupted_run_continues_and_gives_the_same_score_byte_for_byte(result: Result, tmp_path: Path):
    class Interrupted(Exception):
        pass

    def interrupt(done: int, _whole: int) -> None:
        if done > DAY + 6 * HOUR:
            raise Interrupted

    with pytest.raises(Interrupted):
        simulate(SETTINGS, tmp_path / "run", interrupt, build=tiny)
    continued = simulate(SETTINGS, tmp_path / "run", build=tiny)
    assert msgspec.json.encode(continued) == msgspec.json.encode(result)


def test_a_folder_with_another_run_or_with_other_files_is_refused(tmp_path: Path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "letter.txt").write_text("keep me")
    with pytest.raises(UserError, match="holds no run"):
        simulate(SETTINGS, tmp_path / "run", build=tiny)
    (tmp_path / "run" / "run.json").write_text("{}")
    with pytest.raises(UserError, match="another run"):
        simulate(SETTINGS, tmp_path / "run", build=tiny)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_score_in_a_terminal_and_as_a_page(result: Result, language: str):
    text = "\n".join(lines(result, language))
    assert ("漏报" if language == "zh" else "missed") in text
    assert "gas-alarm gas-402" in text, "the explanation of the miss"
    page = render(result, language)
    assert page.count("<svg") == 2
    assert "http" not in page.replace("http-equiv", ""), "nothing comes from elsewhere"
    assert "gas-alarm gas-402" in page


def test_two_runs_are_compared_by_their_figures(result: Result):
    changed = replace(result.figures, other_recall=0.5)
    assert next(comparison(result.figures, changed, "en", "other")) == "compared with other:"


def test_names_of_faults_are_checked():
    assert fault_names("none") == ()
    assert fault_names("duplicate, late") == ("late", "duplicate")
    assert "provider_down" in fault_names("all")
    with pytest.raises(UserError, match="duplicate"):
        fault_names("duplicat")
