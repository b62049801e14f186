"""`/rules/…`: the safety office's tools over HTTP. Check and try a rulebook, hold it against the past, ask why a rule
spoke or did not, take up what lies on disk. The work is done elsewhere (console.dependencies.RuleTools).
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Query, Request
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from console import messages_zh
from console.dependencies import Fault, Faulty, Job, RuleTools, Services, ToolsBusy, ToolsRefused, WrittenBook
from console.http import examples
from console.http.authorization import allowed
from console.http.openapi import Answer, described_router
from console.http.problems import FieldFault, Problem, faulty, no_such
from console.http.requests import Asked, Text, asked_instant, asked_period, listed, shown, written_one
from console.schemas import rules as schema
from console.schemas.parts import Page
from console.security.auth import Principal
from console.timestamps import typed
from domain import DAY
from domain.duration import parse_duration
from store.database.system import audit

router = described_router(tags=["rules"])

T = TypeVar("T")
SINCE: Final = "30d"
LONGEST_MS: Final = 400 * DAY

Officer = Annotated[Principal, Depends(allowed("rules"))]
Chief = Annotated[Principal, Depends(allowed("reload"))]

Of = Annotated[str, Query(pattern="^(rulebook|trials)$")]

_FILE: Final = r"^[a-z0-9][a-z0-9_-]{0,60}\.yaml$"


class Book(BaseModel):
    """A rulebook as it is written, or its trials: `gas.yaml`, `gas_test.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=_FILE)]
    text: str

    def value(self) -> WrittenBook:
        return WrittenBook(self.name, self.text)


class CheckAsked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    books: Annotated[list[Book], Field(min_length=1, max_length=50)]


class TestAsked(BaseModel):
    """Books with their trials beside them; `names`: of books in force. Neither: all in force."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    books: Annotated[list[Book], Field(max_length=50)] = []
    names: list[str] = []


class BacktestAsked(BaseModel):
    """A book, or the name of one in force; `since` before now, or `from` and `to`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    book: Book | str
    against: Book | str | None = None
    since: str | None = None
    start: Annotated[str | None, Field(alias="from")] = None
    end: Annotated[str | None, Field(alias="to")] = None


_BOOK: Final = {"name": "gas.yaml", "text": "hazard: gas\nrules:\n- name: gas-low\n  ..."}
_CHECK: Final = TypeAdapter(CheckAsked)
_TEST: Final = TypeAdapter(TestAsked)
_BACKTEST: Final = TypeAdapter(BacktestAsked)


@router.post(
    "/rules/check",
    summary="Every fault of rulebooks and trials, with file, line and column",
    openapi_extra=examples.body({"books": [_BOOK]}, _CHECK),
)
async def check(request: Request, services: Asked, _who: Officer) -> Answer[schema.Checked]:
    asked = await written_one(request, _CHECK)
    try:
        found = await _tools(services).check([one.value() for one in asked.books])
    except Faulty as faulty_:
        return shown(services, schema.Checked(faults=[typed(schema.Fault, one) for one in faulty_.faults]))
    except ToolsRefused as refused:
        raise Problem(503, str(refused)) from None
    return shown(services, typed(schema.Checked, {**found, "faults": []}))


@router.post(
    "/rules/test",
    summary="Play the trials of rulebooks",
    openapi_extra=examples.body({"names": ["gas", "fire"]}, _TEST),
)
async def test(request: Request, services: Asked, _who: Officer) -> Answer[schema.Tested]:
    asked = await written_one(request, _TEST)
    told = await _told(_tools(services).test([one.value() for one in asked.books], asked.names))
    return shown(services, typed(schema.Tested, told))


@router.post(
    "/rules/backtest",
    status_code=202,
    summary="Begin to hold a rulebook against the past",
    openapi_extra=examples.body({"book": _BOOK, "against": "gas", "since": "30d"}, _BACKTEST),
)
async def backtest(request: Request, services: Asked, who: Officer) -> Answer[schema.Job]:
    asked = await written_one(request, _BACKTEST)
    begin, end = asked_period(services, asked.start, asked.end)
    end = services.clock() if end is None else end
    begin = end - _length(asked.since or SINCE) if begin is None else begin
    if not 0 < end - begin <= LONGEST_MS:
        raise faulty(FieldFault("from", messages_zh.BAD_ORDER))
    job = await _told(_tools(services).backtest(_side(asked.book), _side(asked.against), begin, end, who.token))
    answer = shown(services, typed(schema.Job, job), 202)
    answer.headers["Location"] = f"/api/v1/rules/jobs/{job.id}"
    return answer


@router.get("/rules/jobs", summary="Backtests since the service started, the newest first, without what they found")
async def list_jobs(services: Asked, _who: Officer) -> Answer[Page[schema.Job]]:
    return listed(services, [typed(schema.Job, replace(job, result=None)) for job in _tools(services).jobs()])


@router.get("/rules/jobs/{job_id}", summary="How far a backtest is, and what it found")
async def read_job(job_id: str, services: Asked, _who: Officer) -> Answer[schema.Job]:
    return shown(services, _known(_tools(services).job(job_id), job_id))


@router.delete("/rules/jobs/{job_id}", summary="End a backtest")
async def cancel_job(job_id: str, services: Asked, _who: Officer) -> Answer[schema.Job]:
    return shown(services, _known(await _tools(services).cancel(job_id), job_id))


@router.get("/rules/schema", summary="The JSON Schema of rulebooks, or of trials")
async def read_schema(services: Asked, _who: Officer, of: Of = "rulebook") -> Answer[schema.JsonSchema]:
    return shown(services, dict(_tools(services).schema(of)))


@router.get("/rules/new", summary="A commented rulebook to begin with, and its trials")
async def new_book(services: Asked, _who: Officer, name: str) -> Answer[schema.Books]:
    try:
        files = _tools(services).template(name)
    except ToolsRefused:
        raise faulty(FieldFault("name", messages_zh.ID_SHAPE)) from None
    return shown(services, schema.Books(books=[schema.Book(name=file, text=text) for file, text in files.items()]))


@router.post("/rules/reload", summary="Take up the rulebooks that lie on disk")
async def reload(services: Asked, who: Chief) -> Answer[schema.Reloaded]:
    changed = await _told(_tools(services).reload())
    told = {name: " ".join(changed[name]) for name in ("added", "removed", "changed")}
    await services.ledger.run(lambda tx: audit.write(tx, services.clock(), who.token, "rules reloaded", told))
    return shown(services, typed(schema.Reloaded, changed))


@router.get("/rules/{name}/explain", summary="Why a rule speaks, or does not, of a device or a group: now or at=")
async def explain(
    name: str, services: Asked, _who: Officer, device: str, at: Text = None, since: Text = None
) -> Answer[schema.Explanation]:
    if name not in {rule.name for rule in services.rules.lines()}:
        raise no_such("rule", name)
    instant = asked_instant(services, "at", at)
    length = None if not since else _length(since)
    story = await _told(_tools(services).explain(name, device, instant, length))
    return shown(services, typed(schema.Explanation, story))


def _tools(services: Services) -> RuleTools:
    if services.rules.tools is None:
        raise Problem(404, messages_zh.NOT_OFFERED)
    return services.rules.tools


async def _told(work: Awaitable[T]) -> T:
    """What the tool says; its refusals as problems."""
    try:
        return await work
    except Faulty as found:
        raise faulty(*map(located, found.faults)) from None
    except ToolsBusy as busy:
        raise Problem(409, messages_zh.TOOLS_BUSY.format(id=busy)) from None
    except ToolsRefused as refused:
        raise Problem(422, messages_zh.TOOLS_REFUSED.format(why=refused)) from None


def located(fault: Fault) -> FieldFault:
    """A fault in a file as a fault of a field: the field is its place."""
    return FieldFault(f"{fault.file}:{fault.line}:{fault.column} {fault.field}".strip(), fault.message)


def _known(job: Job | None, job_id: str) -> schema.Job:
    if job is None:
        raise no_such("job", job_id)
    return typed(schema.Job, job)


def _side(book: Book | str | None) -> Any:
    return book.value() if isinstance(book, Book) else book


def _length(written: str) -> int:
    try:
        return parse_duration(written)
    except ValueError:
        raise faulty(FieldFault("since", messages_zh.BAD_STEP)) from None
