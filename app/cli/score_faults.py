"""`fengshao score --faults-each`: a run without faults, then one with each fault alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import structs

from app.cli.output import Print
from app.errors import UserError
from app.score.faults_each import TABLE_HEAD, changes_of_fault, differences, each_fault, table_row, unexplained
from app.score.run import Result
from app.score.settings import Settings


def compare_each(
    settings: Settings,
    folder: Path,
    run: Callable[[Settings, Path], Result],
    language: str,
    echo: Print,
    table: Path | None = None,
) -> None:
    """Print what each fault alone changes. Raises UserError at the end when one changed what it does not explain.

    The faults of the settings are those that are tried; without any, all. `table`: a file for the same in Markdown.
    """
    base = run(structs.replace(settings, faults=()), folder / "none")
    strange, rows = list[str](), list(TABLE_HEAD[language])
    for fault in settings.faults or each_fault():
        result = run(structs.replace(settings, faults=(fault,)), folder / fault)
        for line in changes_of_fault(fault, base, result, language):
            echo(line)
        rows.append(table_row(fault, base, result, language))
        if table is not None:
            table.write_text("\n".join([*rows, ""]), "utf-8")
        if found := unexplained(fault, differences(base, result), result):
            strange.append(f"{fault} ({len(found)})")
    if strange:
        raise UserError(f"--faults-each: these changed what they do not explain: {', '.join(strange)}")
