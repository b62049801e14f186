"""The rulebooks of a site as the console edits them: read, checked, tried, written and put in force."""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from app.config.catalog import RULEBOOKS, rulebook_files
from app.config.faults import ConfigFault
from app.reload.definitions import FOLDERS, Definitions, load_definitions
from app.rule_tools.check import trials_path
from app.rule_tools.service import RuleToolService
from console.rule_tools_interface import RulebookFault, RulebookFile, RulebookInvalid, ToolsRefused
from console.rulebook_interface import (
    NotThere,
    Origin,
    RulebookChanged,
    RulebookSource,
    RulebookText,
    TrialsFailed,
)

RULES: Final = FOLDERS[RULEBOOKS]
TRIALS_SUFFIX: Final = "_test"


class RulebookFolder:
    """Implements console.rulebook_interface.RulebookFiles for the folder `rules` of a site.

    `definitions` returns those in force, as which a proposed rulebook is tried before its file is written: a rulebook
    that another one refers to could make that one unusable. `share` lets a second machine have what was written.
    """

    def __init__(
        self,
        site: Path | None,
        tools: RuleToolService,
        definitions: Callable[[], Definitions],
        share: Callable[[], Awaitable[None]],
    ) -> None:
        self._site, self._tools, self._definitions, self._share = site, tools, definitions, share
        self._lock = asyncio.Lock()

    async def sources(self) -> Sequence[RulebookSource]:
        """Every rulebook in force, by name."""
        in_force = self._definitions().books_by_file
        names = {file: [rule.name for rule in book.rules] for file, book in in_force.items()}
        return await asyncio.to_thread(_read_all, self._site, names)

    async def source(self, name: str) -> RulebookSource:
        """Raises NotThere."""
        for source in await self.sources():
            if source.name == name:
                return source
        raise NotThere(name)

    async def delivered(self, name: str) -> RulebookText | None:
        """The rulebook of this name as delivered with the product."""
        file = RULEBOOKS / f"{name}.yaml"
        return await asyncio.to_thread(_read, file) if file.exists() else None

    async def publish(
        self, name: str, content: RulebookText, etag: str | None, *, failing_trials: bool
    ) -> Mapping[str, Any]:
        """Check, try, write and reload. Nothing is written unless the rulebook can be used beside all others."""
        async with self._lock:
            folder = self._own_folder()
            if name.endswith(TRIALS_SUFFIX):
                raise ToolsRefused(f"{name}.yaml holds trials of another rulebook; give this one another name")
            await self._require_unchanged(name, etag)
            files = _as_files(name, content)
            await self._tools.check(files)
            if content.trials and not failing_trials:
                await self._run_trials(files)
            await self._require_usable(name, content)
            await self._require_unchanged(name, etag)  # the checks take seconds: an editor may have saved the file
            await _write(folder, name, content)
            await self._share()
            return await self._reload()

    async def remove(self, name: str, etag: str) -> Mapping[str, Any]:
        """Remove the site's file and reload. Raises ToolsRefused for a delivered rulebook."""
        async with self._lock:
            folder = self._own_folder()
            source = await self.source(name)
            if source.origin == "built_in":
                raise ToolsRefused(f"{name}.yaml is delivered with the product: only a file of the site can be removed")
            await self._require_unchanged(name, etag)
            await self._require_usable(name, None)
            await self._require_unchanged(name, etag)
            await _write(folder, name, None)
            await self._share()
            return await self._reload()

    async def _require_unchanged(self, name: str, etag: str | None) -> None:
        """Raises RulebookChanged unless the file in force is the one that was read; without etag there must be none."""
        present = next((source.etag for source in await self.sources() if source.name == name), None)
        if present != etag:
            raise RulebookChanged(name)

    async def _run_trials(self, files: Sequence[RulebookFile]) -> None:
        answer = await self._tools.test(files, [])
        failures = [result for result in answer["results"] if not result["passed"]]
        if failures:
            raise TrialsFailed(failures)

    async def _require_usable(self, name: str, content: RulebookText | None) -> None:
        """Raises RulebookInvalid with faults that this change would cause in any file of the site."""
        faults = await asyncio.to_thread(_faults_caused, self._definitions(), self._site, name, content)
        if faults:
            raise RulebookInvalid(faults)

    async def _reload(self) -> Mapping[str, Any]:
        try:
            return await self._tools.reload()
        except RulebookInvalid as error:
            # Files that had faults before have them still; the new rulebook was found usable beside them.
            return {"added": [], "removed": [], "changed": [], "faults": list(error.faults)}

    def _own_folder(self) -> Path:
        if self._site is None:
            raise ToolsRefused("the service runs without --site: there is no folder for rulebooks of its own")
        return self._site / RULES


def etag_of(content: RulebookText) -> str:
    """The entity tag of a rulebook with its trials."""
    return hashlib.sha256(f"{content.text}\0{content.trials}".encode()).hexdigest()[:32]


def _read_all(site: Path | None, rules: Mapping[str, Sequence[str]]) -> list[RulebookSource]:
    sources = []
    for file in rulebook_files(site):
        content = _read(file)
        names = rules.get(file.name, ())
        sources.append(RulebookSource(file.stem, _origin(file), content, etag_of(content), names))
    return sorted(sources, key=lambda source: source.name)


def _origin(file: Path) -> Origin:
    if file.parent == RULEBOOKS:
        return "built_in"
    return "replaced" if (RULEBOOKS / file.name).exists() else "site"


def _read(file: Path) -> RulebookText:
    trials = trials_path(file)
    return RulebookText(file.read_text("utf-8"), trials.read_text("utf-8") if trials.exists() else "")


def _as_files(name: str, content: RulebookText) -> list[RulebookFile]:
    files = [RulebookFile(f"{name}.yaml", content.text)]
    return [*files, RulebookFile(f"{name}_test.yaml", content.trials)] if content.trials else files


async def _write(folder: Path, name: str, content: RulebookText | None) -> None:
    try:
        await asyncio.to_thread(_write_files, folder, name, content)
    except OSError as error:
        raise ToolsRefused(f"{folder}: {error.strerror}: let the service's user write there") from None


def _write_files(folder: Path, name: str, content: RulebookText | None) -> None:
    """Replace the rulebook and its trials, each at once; trials first, so that a rulebook is never without its own."""
    folder.mkdir(exist_ok=True)
    for file, text in ((f"{name}_test.yaml", content and content.trials), (f"{name}.yaml", content and content.text)):
        if text:
            _replace(folder / file, text)
        else:
            (folder / file).unlink(missing_ok=True)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _replace(path: Path, text: str) -> None:
    """Write beside the file, sync, and rename: who reads it meanwhile gets the old or the new text, whole."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".", delete=False) as draft:
        draft.write(text)
        draft.flush()
        os.fsync(draft.fileno())
    os.chmod(draft.name, path.stat().st_mode & 0o777 if path.exists() else 0o644)
    os.replace(draft.name, path)


def _faults_caused(
    before: Definitions, site: Path | None, name: str, content: RulebookText | None
) -> list[RulebookFault]:
    """Faults of the site's definitions with this change that they do not have without it."""
    _, known = load_definitions(before, site)
    with tempfile.TemporaryDirectory(prefix="fengshao-rules-") as temporary:
        staged = Path(temporary)
        for folder in FOLDERS.values():
            if site is not None and (site / folder).is_dir():
                shutil.copytree(site / folder, staged / folder)
        _write_files(staged / RULES, name, content)
        _, faults = load_definitions(before, staged)
        return [
            RulebookFault(Path(fault.file).name, fault.line, fault.column, fault.field, fault.message)
            for fault in faults
            if _key(fault) not in set(map(_key, known))
        ]


def _key(fault: ConfigFault) -> tuple[str, str, str]:
    """What makes a fault the same one in another copy of its file."""
    return Path(fault.file).name, fault.field, fault.message
