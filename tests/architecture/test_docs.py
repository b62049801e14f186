"""The documents tell the truth: their code runs, their diagrams and tables are those of the code."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

from alerts.lifecycle import transitions as alert_transitions
from rules.lifecycle import transitions
from tests.architecture import check, documents

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "README.zh.md", "CHANGELOG.md", "deploy/README.md")),
]


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_journey_runs_from_the_first_line_to_the_last() -> None:
    code = "\n".join(blocks("python", (ROOT / "docs" / "journey.md").read_text("utf-8")))
    exec(compile(code, "docs/journey.md", "exec"), {})


def test_the_diagrams_in_the_journey_are_printed_from_the_tables() -> None:
    shown = blocks("mermaid", (ROOT / "docs" / "journey.md").read_text("utf-8"))
    shown_alerts = alert_transitions.diagram().strip()
    assert [transitions.diagram().strip(), shown_alerts] == [diagram.strip() for diagram in shown]


def test_every_step_of_the_readme_says_what_its_package_says() -> None:
    rows = re.findall(r"^\| (\d) \| `(\w+)/` \| ([A-Z]+): (.+?) \|$", (ROOT / "README.md").read_text("utf-8"), re.M)
    assert len(rows) == 6
    for number, package, verb, _ in rows:
        docstring = import_module(package).__doc__ or ""
        assert docstring.startswith(f"{number}. {verb}: "), f"{package}/__init__.py and README.md differ"


def test_a_state_table_without_a_pair_is_reported_with_the_pair() -> None:
    table = dict(transitions.TRANSITIONS)
    table.pop((transitions.Phase.FIRING, transitions.Signal.WENT_SILENT))

    (fault,) = check.table_faults("rules", table, transitions.Phase, transitions.Signal)
    assert fault == "rules: the state table has no answer for 'silent' while 'firing': add the pair"


def test_a_package_without_a_layer_is_reported() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    settings["tool"]["importlinter"]["root_packages"].remove("rules")

    faults = list(check.package_faults(settings))
    assert "the package rules has no floor" in faults[0]


def test_an_empty_name_and_a_file_that_is_too_long_are_reported() -> None:
    assert [1, 1, 0] == [
        len(list(check.file_faults(Path("rules") / name, lines)))
        for name, lines in (("utils.py", 10), ("core.py", 400), ("core.py", 200))
    ]


def test_every_dependency_has_a_reason() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    table = (ROOT / "docs" / "decisions" / "0008-dependencies.md").read_text("utf-8")
    with_reason = set(re.findall(r"[\w-]+", " ".join(re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE))))

    names = {re.split(r"[<>=;\[]", text)[0].strip() for text in settings["project"]["dependencies"]}
    assert names - with_reason == set()


def test_links_of_the_documents_lead_to_files() -> None:
    assert [fault for file in DOCUMENTS for fault in documents.broken_links(file, file.read_text("utf-8"))] == []


def test_paths_and_names_that_the_documents_mention_exist() -> None:
    """Modules are moved and renamed; a document that is not changed with them misleads its reader."""
    files = [
        file.relative_to(ROOT).as_posix()
        for folder in documents.FOLDERS
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and "node_modules" not in file.parts
    ]
    named = (file for file in files if file.endswith((".py", ".service", "rules.yaml")) and file[:6] != "tests/")
    sources = ((ROOT / file).read_text("utf-8") for file in named)
    words = documents.words_of(sources)
    faults = [
        fault
        for file in DOCUMENTS
        for text in (file.read_text("utf-8"),)
        for fault in (*documents.missing_paths(file, text, files), *documents.unknown_names(file, text, words))
    ]
    assert faults == []


def test_a_document_with_a_broken_link_a_former_path_and_a_former_name_is_reported() -> None:
    document = ROOT / "docs" / "x.md"
    text = (
        "[gone](gone.md), [here](codecs.md), `app/gone.py`, `app/cli/`, `app.gone`, `app.cli.main.run`, "
        "`OldName.run`, `OLD_MS`, `KNOWN_MS`"
    )

    assert list(documents.broken_links(document, text)) == [f"{document}: gone.md"]
    assert list(documents.missing_paths(document, text, ["app/cli/main.py"])) == [
        f"{document}: app/gone.py",
        f"{document}: app.gone",
    ]
    assert list(documents.unknown_names(document, text, documents.words_of(iter(["KNOWN_MS = 1"])))) == [
        f"{document}: OldName.run",
        f"{document}: OLD_MS",
    ]
