"""`/rules/…`: check, test, backtest and score rulebooks, explain the state of a rule, reload rulebooks.

The service does the work (console.dependencies.RuleTools).
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Query, Request
from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from console import messages_zh
from console.http import examples
from console.http.authorization import require
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import (
    Deps,
    OptionalText,
    item_response,
    list_response,
    parse_body,
    parse_period,
    parse_time_field,
)
from console.http.requirements import Requirement
from console.rule_messages_zh import TOOL_REFUSALS
from console.rule_tools_interface import (
    RulebookFault,
    RulebookFile,
    RulebookInvalid,
    RuleJob,
    RuleTools,
    ToolsBusy,
    ToolsRefused,
)
from console.schemas import rules as schema
from console.schemas.references import Page
from console.security.auth import Principal
from console.timestamps import to_schema
from domain import DAY
from domain.duration import parse_duration
from store.database.system import audit

router = documented_router(tags=["rules"])

T = TypeVar("T")
DEFAULT_PERIOD: Final = "30d"
PERIOD_MAX_MS: Final = 400 * DAY
SCORE_DAYS_MAX: Final = 7

RuleEditor = Annotated[Principal, Depends(Requirement("rules"))]
Publisher = Annotated[Principal, Depends(Requirement("reload"))]

SchemaOf = Annotated[str, Query(pattern="^(rulebook|trials)$")]

_FILE_NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,60}\.yaml$"


class RulebookBody(BaseModel):
    """A rulebook or its trials as YAML: `gas.yaml`, `gas_test.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=_FILE_NAME)]
    text: str

    def value(self) -> RulebookFile:
        return RulebookFile(self.name, self.text)


class CheckBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    books: Annotated[list[RulebookBody], Field(min_length=1, max_length=50)]


class TestBody(BaseModel):
    """Rulebooks with their trials; `names`: of rulebooks in force. Without both: all in force."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    books: Annotated[list[RulebookBody], Field(max_length=50)] = []
    names: list[str] = []


class BacktestBody(BaseModel):
    """A rulebook, or the name of one in force; the period is `since` until now, or `from` and `to`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    book: RulebookBody | str
    against: RulebookBody | str | None = None
    since: str | None = None
    start: Annotated[str | None, Field(alias="from")] = None
    end: Annotated[str | None, Field(alias="to")] = None


class ScoreBody(BaseModel):
    """A rulebook that is compared with the one of its name in force, over `days` of a simulated town."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    book: RulebookBody
    days: Annotated[int, Field(ge=1, le=SCORE_DAYS_MAX)] = 1
    faults: bool = True


_RULEBOOK_EXAMPLE: Final = {"name": "gas.yaml", "text": "hazard: gas\nrules:\n- name: gas-low\n  ..."}
_CHECK_BODY: Final = TypeAdapter(CheckBody)
_TEST_BODY: Final = TypeAdapter(TestBody)
_BACKTEST_BODY: Final = TypeAdapter(BacktestBody)
_SCORE_BODY: Final = TypeAdapter(ScoreBody)


@router.post(
    "/rules/check",
    summary="Every fault of rulebooks and trials, with file, line and column",
    openapi_extra=examples.request_body({"books": [_RULEBOOK_EXAMPLE]}, _CHECK_BODY),
)
async def check(request: Request, deps: Deps, _user: RuleEditor) -> JsonResponse[schema.CheckResult]:
    body = await parse_body(request, _CHECK_BODY)
    try:
        result = await _tools(deps).check([book.value() for book in body.books])
    except RulebookInvalid as error:
        return item_response(
            deps, schema.CheckResult(faults=[to_schema(schema.RulebookFault, fault) for fault in error.faults])
        )
    except ToolsRefused as refused:
        raise Problem(503, str(refused)) from None
    return item_response(deps, to_schema(schema.CheckResult, {**result, "faults": []}))


@router.post(
    "/rules/test",
    summary="Run the trials of rulebooks",
    openapi_extra=examples.request_body({"names": ["gas", "fire"]}, _TEST_BODY),
)
async def test(request: Request, deps: Deps, _user: RuleEditor) -> JsonResponse[schema.TestResult]:
    body = await parse_body(request, _TEST_BODY)
    result = await _await_tool(_tools(deps).test([book.value() for book in body.books], body.names))
    return item_response(deps, to_schema(schema.TestResult, result))


@router.post(
    "/rules/backtest",
    status_code=202,
    summary="Start a backtest of a rulebook over recorded data",
    openapi_extra=examples.request_body({"book": _RULEBOOK_EXAMPLE, "against": "gas", "since": "30d"}, _BACKTEST_BODY),
)
async def backtest(request: Request, deps: Deps, user: RuleEditor) -> JsonResponse[schema.RuleJob]:
    body = await parse_body(request, _BACKTEST_BODY)
    begin, end = parse_period(deps, body.start, body.end)
    end = deps.clock() if end is None else end
    begin = end - _parse_length(body.since or DEFAULT_PERIOD) if begin is None else begin
    if not 0 < end - begin <= PERIOD_MAX_MS:
        raise invalid(FieldError("from", messages_zh.BAD_ORDER))
    job = await _await_tool(
        _tools(deps).backtest(_backtest_rulebook(body.book), _backtest_rulebook(body.against), begin, end, user.token)
    )
    return _started(deps, job)


@router.post(
    "/rules/score",
    status_code=202,
    summary="Start the comparison of a rulebook with the one in force by what people are told in a simulated town",
    openapi_extra=examples.request_body({"book": _RULEBOOK_EXAMPLE, "days": 1}, _SCORE_BODY),
)
async def score(request: Request, deps: Deps, user: Publisher) -> JsonResponse[schema.RuleJob]:
    """Two runs of a minute of a processor each, which yield to all else on the machine: for those who publish."""
    body = await parse_body(request, _SCORE_BODY)
    job = await _await_tool(_tools(deps).score(body.book.value(), body.days, user.token, faults=body.faults))
    return _started(deps, job)


def _started(deps: Deps, job: RuleJob) -> JsonResponse[schema.RuleJob]:
    response = item_response(deps, to_schema(schema.RuleJob, job), 202)
    response.headers["Location"] = f"/api/v1/rules/jobs/{job.id}"
    return response


@router.get("/rules/jobs", summary="Backtests and scores since the service started, newest first, without results")
async def list_jobs(deps: Deps, _user: RuleEditor) -> JsonResponse[Page[schema.RuleJob]]:
    return list_response(
        deps, [to_schema(schema.RuleJob, replace(job, result=None, score=None, text="")) for job in _tools(deps).jobs()]
    )


@router.get("/rules/jobs/{job_id}", summary="Progress and result of a backtest or score")
async def get_job(job_id: str, deps: Deps, _user: RuleEditor) -> JsonResponse[schema.RuleJob]:
    return item_response(deps, _job_or_404(_tools(deps).job(job_id), job_id))


@router.delete("/rules/jobs/{job_id}", summary="Cancel a backtest or score")
async def cancel_job(job_id: str, deps: Deps, user: RuleEditor) -> JsonResponse[schema.RuleJob]:
    """A score is cancelled by those who may start one."""
    job = _tools(deps).job(job_id)
    if job is not None and job.tool == "score":
        require(user, "reload")
    return item_response(deps, _job_or_404(await _tools(deps).cancel(job_id), job_id))


@router.get("/rules/schema", summary="The JSON Schema of rulebooks, or of trials")
async def get_schema(deps: Deps, _user: RuleEditor, of: SchemaOf = "rulebook") -> JsonResponse[schema.JsonSchema]:
    return item_response(deps, dict(_tools(deps).schema(of)))


@router.get("/rules/new", summary="A commented template of a rulebook, and its trials")
async def new_rulebook(deps: Deps, _user: RuleEditor, name: str) -> JsonResponse[schema.RulebookFiles]:
    try:
        files = _tools(deps).template(name)
    except ToolsRefused:
        raise invalid(FieldError("name", messages_zh.BAD_ID)) from None
    return item_response(
        deps, schema.RulebookFiles(books=[schema.RulebookFile(name=file, text=text) for file, text in files.items()])
    )


@router.post("/rules/reload", summary="Reload the rulebooks from disk")
async def reload(deps: Deps, user: Publisher) -> JsonResponse[schema.ReloadResult]:
    changed = await _await_tool(_tools(deps).reload())
    detail = {name: " ".join(changed[name]) for name in ("added", "removed", "changed")}
    await deps.database.write(lambda tx: audit.record(tx, deps.clock(), user.token, "rules reloaded", detail))
    return item_response(deps, to_schema(schema.ReloadResult, changed))


@router.get(
    "/rules/{name}/explain",
    summary="Why a rule reports, or does not report, a finding for a device or group: now or at=",
)
async def explain(
    name: str, deps: Deps, _user: RuleEditor, device: str, at: OptionalText = None, since: OptionalText = None
) -> JsonResponse[schema.Explanation]:
    if name not in {rule.name for rule in deps.rules.summaries()}:
        raise not_found("rule", name)
    at_instant = parse_time_field(deps, "at", at)
    since_ms = None if not since else _parse_length(since)
    explanation = await _await_tool(_tools(deps).explain(name, device, at_instant, since_ms))
    return item_response(deps, to_schema(schema.Explanation, explanation))


def _tools(deps: Deps) -> RuleTools:
    if deps.rules.tools is None:
        raise Problem(404, messages_zh.NOT_AVAILABLE)
    return deps.rules.tools


async def _await_tool(awaitable: Awaitable[T]) -> T:
    """The result of a tool; its exceptions become problems."""
    try:
        return await awaitable
    except RulebookInvalid as error:
        raise invalid(*map(to_field_error, error.faults)) from None
    except ToolsBusy as busy:
        raise Problem(409, messages_zh.TOOLS_BUSY.format(id=busy)) from None
    except ToolsRefused as refused:
        raise Problem(422, messages_zh.TOOLS_REFUSED.format(why=TOOL_REFUSALS.get(str(refused), refused))) from None


def to_field_error(fault: RulebookFault) -> FieldError:
    """A fault in a file as a field error; the field is its position."""
    return FieldError(f"{fault.file}:{fault.line}:{fault.column} {fault.field}".strip(), fault.message)


def _job_or_404(job: RuleJob | None, job_id: str) -> schema.RuleJob:
    if job is None:
        raise not_found("job", job_id)
    return to_schema(schema.RuleJob, replace(job, detail=TOOL_REFUSALS.get(job.detail, job.detail)))


def _backtest_rulebook(book: RulebookBody | str | None) -> Any:
    return book.value() if isinstance(book, RulebookBody) else book


def _parse_length(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError:
        raise invalid(FieldError("since", messages_zh.BAD_STEP)) from None
