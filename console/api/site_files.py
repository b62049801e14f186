"""`/registry`: what the site's files say otherwise than the registry, and taking the files up again."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, TypeAdapter

from console import messages_zh
from console.api.rule_tools import to_field_error
from console.dependencies import RulebookInvalid, SiteFiles
from console.http import examples
from console.http.authorization import RegistryAdmin
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import Problem, invalid
from console.http.requests import Deps, item_response, list_response, parse_body
from console.schemas import registry as schema
from console.schemas.parts import Page
from console.timestamps import to_schema
from store.database.system import audit

router = documented_router(prefix="/registry", tags=["registry"])


class ImportBody(BaseModel):
    """`force`: the files win also over what was changed over the API."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    force: bool = False


_IMPORT_BODY: Final = TypeAdapter(ImportBody)


@router.get("/differences", summary="Records that were changed over the API and stand otherwise in the site's files")
async def list_differences(deps: Deps, _user: RegistryAdmin) -> JsonResponse[Page[schema.FileDifference]]:
    return list_response(deps, [to_schema(schema.FileDifference, one) for one in await _site_files(deps).differences()])


@router.post(
    "/import",
    summary="Take up the site's CSV files as they are now",
    openapi_extra=examples.request_body({"force": False}, _IMPORT_BODY, optional=True),
)
async def import_files(request: Request, deps: Deps, user: RegistryAdmin) -> JsonResponse[schema.ImportResult]:
    """What was changed over the API stays, and is listed under `kept`, unless `force` says that the files win."""
    asked = await parse_body(request, _IMPORT_BODY, optional=True)
    try:
        done = await _site_files(deps).import_now(force=asked.force)
    except RulebookInvalid as found:
        raise invalid(*map(to_field_error, found.faults)) from None
    now = deps.clock()
    told: dict[str, Any] = {**{name: value for name, value in done.items() if name != "kept"}, "force": asked.force}
    await deps.database.write(lambda tx: audit.record(tx, now, user.token, "site files imported", told))
    return item_response(deps, to_schema(schema.ImportResult, done))


def _site_files(deps: Deps) -> SiteFiles:
    if deps.registry.site_files is None:
        raise Problem(409, messages_zh.NO_SITE)
    return deps.registry.site_files
