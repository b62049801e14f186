"""`/registry`: differences between the site's CSV files and the registry, and import of the files."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, TypeAdapter

from console import messages_zh
from console.api.rule_tools import to_field_error
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import Problem, invalid
from console.http.requests import Deps, item_response, list_response, parse_body
from console.http.requirements import RegistryAdmin
from console.rule_tools_interface import RulebookInvalid
from console.schemas import registry as schema
from console.schemas.references import Page
from console.site_files_interface import SiteFiles
from console.timestamps import to_schema
from store.database.system import audit

router = documented_router(prefix="/registry", tags=["registry"])


class ImportBody(BaseModel):
    """`force`: the files also replace records changed over the API."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    force: bool = False


_IMPORT_BODY: Final = TypeAdapter(ImportBody)


@router.get("/differences", summary="Records that were changed over the API and differ from the site's files")
async def list_differences(deps: Deps, _user: RegistryAdmin) -> JsonResponse[Page[schema.FileDifference]]:
    return list_response(
        deps, [to_schema(schema.FileDifference, difference) for difference in await _site_files(deps).differences()]
    )


@router.post(
    "/import",
    summary="Import the site's CSV files as they are now",
    openapi_extra=examples.request_body({"force": False}, _IMPORT_BODY, optional=True),
)
async def import_files(request: Request, deps: Deps, user: RegistryAdmin) -> JsonResponse[schema.ImportResult]:
    """Records changed over the API stay and are listed under `kept`, unless `force` is set."""
    body = await parse_body(request, _IMPORT_BODY, optional=True)
    try:
        result = await _site_files(deps).import_now(force=body.force)
    except RulebookInvalid as invalid_files:
        raise invalid(*map(to_field_error, invalid_files.faults)) from None
    now = deps.clock()
    detail: dict[str, Any] = {**{name: value for name, value in result.items() if name != "kept"}, "force": body.force}
    await deps.database.write(lambda tx: audit.record(tx, now, user.token, "site files imported", detail))
    return item_response(deps, to_schema(schema.ImportResult, result))


def _site_files(deps: Deps) -> SiteFiles:
    if deps.registry.site_files is None:
        raise Problem(409, messages_zh.NO_SITE)
    return deps.registry.site_files
