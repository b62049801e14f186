"""`/rules/books`: the rulebook files in force, their texts and versions; another text is put in force with a reason.

The texts are files of the site. Who put one in force, when and why stands in the database.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from alerts.alert import Actor
from console import messages_zh
from console import rule_messages_zh as words
from console.api.acting_person import acting_person
from console.api.rule_tools import to_field_error
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import Deps, PageParams, item_response, list_response, parse_body
from console.http.requirements import Requirement
from console.rule_tools_interface import RulebookInvalid, ToolsRefused
from console.rulebook_interface import (
    NotThere,
    RulebookChanged,
    RulebookFiles,
    RulebookSource,
    RulebookText,
    TrialsFailed,
)
from console.schemas import rulebooks as schema
from console.schemas import rules
from console.schemas.references import Page
from console.security.auth import Principal
from console.timestamps import to_schema
from domain import Attribute
from store.database.system import audit, rulebook_versions
from store.database.system.rulebook_versions import RulebookAction, RulebookVersion

router = documented_router(tags=["rules"])

T = TypeVar("T")
RuleEditor = Annotated[Principal, Depends(Requirement("rules"))]
Publisher = Annotated[Principal, Depends(Requirement("reload"))]
BookName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,60}$")]
VersionNumber = Annotated[int, Path(ge=1, le=2**53)]
Reason = Annotated[str, Field(min_length=2, max_length=500)]
TEXT_MAX: Final = 400_000
"""Characters of a rulebook or its trials: eight times the longest delivered one."""


class PublishBody(BaseModel):
    """A rulebook with its trials. `failing_trials`: put it in force although some of them fail."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, Field(min_length=1, max_length=TEXT_MAX)]
    trials: Annotated[str, Field(max_length=TEXT_MAX)] = ""
    reason: Reason
    failing_trials: bool = False
    person: str | None = None
    pin: str | None = None


class RemoveBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason
    person: str | None = None
    pin: str | None = None


_PUBLISH_BODY: Final = TypeAdapter(PublishBody)
_REMOVE_BODY: Final = TypeAdapter(RemoveBody)
_PUBLISH_EXAMPLE: Final = {"text": "hazard: gas\nrules:\n- name: gas-low\n  ...", "reason": "三起误报后调高下限"}


@router.get("/rules/books", summary="Rulebooks in force")
async def list_books(deps: Deps, _user: RuleEditor) -> JsonResponse[Page[schema.Rulebook]]:
    sources = await _files(deps).sources()
    return list_response(deps, [_book_view(source) for source in sources])


@router.get("/rules/books/{book}", summary="The text of a rulebook and of its trials, with its entity tag")
async def get_book(book: BookName, deps: Deps, _user: RuleEditor) -> JsonResponse[schema.RulebookSource]:
    source = await _source(deps, book)
    delivered = await _files(deps).delivered(book)
    view = schema.RulebookSource(
        name=book,
        origin=source.origin,
        etag=source.etag,
        text=source.content.text,
        trials=source.content.trials,
        delivered=None if delivered is None else delivered.text,
    )
    response = item_response(deps, view)
    response.headers["ETag"] = f'"{source.etag}"'
    return response


@router.put(
    "/rules/books/{book}",
    summary="Put a rulebook in force: checked, tried, written and reloaded; 412 when it changed meanwhile",
    openapi_extra=examples.request_body(_PUBLISH_EXAMPLE, _PUBLISH_BODY),
)
async def publish(book: BookName, request: Request, deps: Deps, user: Publisher) -> JsonResponse[schema.PublishResult]:
    """`If-Match` names the entity tag of the text that it replaces; without it there must be no such rulebook."""
    body = await parse_body(request, _PUBLISH_BODY)
    actor = await acting_person(request, deps, user, body.person, body.pin)
    before = await _source_or_none(deps, book)
    etag, content = _if_match(request), RulebookText(body.text, body.trials)
    changes = await _await_change(_files(deps).publish(book, content, etag, failing_trials=body.failing_trials))
    return await _recorded(deps, user, actor, before, book, RulebookAction.PUBLISHED, body.reason, changes)


@router.post(
    "/rules/books/{book}/remove",
    summary="Remove the site's file of a rulebook: the delivered one is in force again",
    openapi_extra=examples.request_body({"reason": "改回出厂规则"}, _REMOVE_BODY),
)
async def remove(book: BookName, request: Request, deps: Deps, user: Publisher) -> JsonResponse[schema.PublishResult]:
    body = await parse_body(request, _REMOVE_BODY)
    actor = await acting_person(request, deps, user, body.person, body.pin)
    before = await _source(deps, book)
    changes = await _await_change(_files(deps).remove(book, _if_match(request) or ""))
    return await _recorded(deps, user, actor, before, book, RulebookAction.REMOVED, body.reason, changes)


@router.get("/rules/books/{book}/versions", summary="Texts of a rulebook that were in force, newest first")
async def list_versions(
    book: BookName, deps: Deps, _user: RuleEditor, pages: PageParams
) -> JsonResponse[Page[schema.RulebookVersion]]:
    page = await deps.database.read(lambda tx: rulebook_versions.list_versions(tx, book, pages.limit, pages.after))
    present = await _source_or_none(deps, book)
    views = [to_schema(schema.RulebookVersion, _version_view(version, present)) for version in page.items]
    return list_response(deps, views, pages.sign_cursor(page.next))


@router.get("/rules/books/{book}/versions/{number}", summary="One version of a rulebook with its text")
async def get_version(
    book: BookName, number: VersionNumber, deps: Deps, _user: RuleEditor
) -> JsonResponse[schema.RulebookVersionText]:
    version = await deps.database.read(lambda tx: rulebook_versions.get_version(tx, book, number))
    if version is None:
        raise not_found("rulebook_version", number)
    view = {**_version_view(version, await _source_or_none(deps, book)), "text": version.text, "trials": version.trials}
    return item_response(deps, to_schema(schema.RulebookVersionText, view))


async def _recorded(
    deps: Deps,
    user: Principal,
    actor: Actor,
    before: RulebookSource | None,
    book: str,
    action: RulebookAction,
    reason: str,
    changes: Mapping[str, Any],
) -> JsonResponse[schema.PublishResult]:
    """Record the version, and first the text it replaced where no version has that one."""
    now, after = deps.clock(), await _source_or_none(deps, book)
    new = _version(book, after, now, action, actor.id, actor.name, reason)

    def work(tx: Any) -> int:
        latest = rulebook_versions.latest_version(tx, book)
        if before is not None and (latest is None or latest.etag != before.etag):
            found = _version(book, before, now, RulebookAction.FOUND, "", "", words.FOUND_REASON)
            rulebook_versions.add_version(tx, found)
        number = rulebook_versions.add_version(tx, new)
        detail: dict[str, Attribute | None] = {"book": book, "version": number, "by": actor.id, "reason": reason}
        audit.record(tx, now, user.person or user.token, f"rulebook {action}", detail)
        return number

    number = await deps.database.write(work)
    faults = [to_schema(rules.RulebookFault, fault) for fault in changes.get("faults", ())]
    view = schema.PublishResult(
        etag=after.etag if after else None,
        version=number,
        changes=to_schema(rules.ReloadResult, {key: value for key, value in changes.items() if key != "faults"}),
        faults=faults,
    )
    return item_response(deps, view)


def _version(
    book: str, source: RulebookSource | None, at: int, action: RulebookAction, by: str, by_name: str, reason: str
) -> RulebookVersion:
    return RulebookVersion(
        book=book,
        at=at,
        action=action,
        by=by,
        by_name=by_name,
        reason=reason,
        etag=source.etag if source else "",
        text=source.content.text if source else "",
        trials=source.content.trials if source else "",
    )


async def _await_change(awaitable: Awaitable[T]) -> T:
    """The result of a change; its exceptions become problems."""
    try:
        return await awaitable
    except RulebookInvalid as error:
        raise invalid(*map(to_field_error, error.faults)) from None
    except RulebookChanged:
        raise Problem(412, messages_zh.CHANGED_MEANWHILE) from None
    except NotThere as missing:
        raise not_found("rulebook", missing) from None
    except TrialsFailed as failed:
        raise Problem(
            422,
            words.TRIALS_FAILED.format(count=len(failed.failures)),
            [_trial_error(failure) for failure in failed.failures],
        ) from None
    except ToolsRefused as refused:
        raise Problem(409, messages_zh.TOOLS_REFUSED.format(why=refused)) from None


def _trial_error(failure: Mapping[str, Any]) -> FieldError:
    expected, got = (", ".join(failure[key]) or words.NOTHING for key in ("expected", "got"))
    return FieldError(f"{failure['file']}: {failure['trial']}", words.TRIAL.format(expected=expected, got=got))


def _files(deps: Deps) -> RulebookFiles:
    if deps.rules.files is None:
        raise Problem(404, messages_zh.NOT_AVAILABLE)
    return deps.rules.files


async def _source(deps: Deps, book: str) -> RulebookSource:
    try:
        return await _files(deps).source(book)
    except NotThere:
        raise not_found("rulebook", book) from None


async def _source_or_none(deps: Deps, book: str) -> RulebookSource | None:
    try:
        return await _files(deps).source(book)
    except NotThere:
        return None


def _if_match(request: Request) -> str | None:
    header = request.headers.get("if-match")
    return None if header is None else header.strip().removeprefix("W/").strip('"')


def _book_view(source: RulebookSource) -> schema.Rulebook:
    return schema.Rulebook(
        name=source.name,
        origin=source.origin,
        etag=source.etag,
        rules=list(source.rules),
        has_trials=bool(source.content.trials),
    )


def _version_view(version: RulebookVersion, present: RulebookSource | None) -> dict[str, Any]:
    return {
        "number": version.n,
        "at": version.at,
        "action": version.action.value,
        "by": version.by,
        "by_name": version.by_name,
        "reason": version.reason,
        "etag": version.etag,
        "in_force": present is not None and present.etag == version.etag,
    }
