"""The rule tools as the console uses them; the service does the work (app.rule_tools.service)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from domain import Instant


class RulebookFault(msgspec.Struct, frozen=True):
    """One fault in a file and its position; line and column count from 1."""

    file: str
    line: int
    column: int
    field: str
    message: str


class RulebookInvalid(Exception):
    """A rulebook cannot be used; `faults` lists every reason."""

    def __init__(self, faults: Sequence[RulebookFault]) -> None:
        super().__init__("; ".join(f"{fault.file}:{fault.line}:{fault.column}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


class ToolsBusy(Exception):
    """Another backtest or score is running; the message is its id."""


class ToolsRefused(Exception):
    """The request cannot be carried out; the message states why."""


class RuleJob(msgspec.Struct, frozen=True):
    """A backtest or a score, and its progress from 0 to 1. `state` is running, done, failed or cancelled.

    `tool` is backtest or score; a backtest has a `result`, the other a `score`. `book` is the name of the rulebook,
    `text` the one that was sent, empty for one in force.
    """

    id: str
    state: str
    progress: float
    by: str
    started_at: Instant
    ended_at: Instant | None = None
    result: Mapping[str, Any] | None = None
    faults: Sequence[RulebookFault] = ()
    detail: str = ""
    tool: str = "backtest"
    book: str = ""
    text: str = ""
    score: Mapping[str, Any] | None = None


class RulebookFile(msgspec.Struct, frozen=True):
    """A rulebook, or its trials (`X_test.yaml`), as text."""

    name: str
    text: str


class RuleTools(Protocol):
    """Checks, tests, backtests, scores and explains rules. Every method may raise RulebookInvalid and ToolsRefused."""

    async def reload(self) -> Mapping[str, Any]: ...
    async def check(self, books: Sequence[RulebookFile]) -> Mapping[str, Any]: ...

    async def test(self, books: Sequence[RulebookFile], names: Sequence[str]) -> Mapping[str, Any]: ...

    async def explain(self, rule: str, device: str, at: Instant | None, since_ms: int | None) -> Mapping[str, Any]: ...

    async def backtest(
        self, book: RulebookFile | str, against: RulebookFile | str | None, start: Instant, end: Instant, by: str
    ) -> RuleJob: ...

    async def score(self, book: RulebookFile, days: int, by: str, *, faults: bool) -> RuleJob: ...

    def jobs(self) -> Sequence[RuleJob]: ...

    def job(self, id: str) -> RuleJob | None: ...

    async def cancel(self, id: str) -> RuleJob | None: ...

    def schema(self, of: str) -> Mapping[str, Any]: ...

    def template(self, name: str) -> Mapping[str, str]: ...
