"""`/registry`: what the site's files say otherwise than the registry, and taking the files up again."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, TypeAdapter

from console import messages_zh
from console.api.rule_tools import located
from console.dependencies import Faulty, Services, SiteFiles
from console.http import examples
from console.http.authorization import Registrar
from console.http.openapi import Answer, described_router
from console.http.problems import Problem, faulty
from console.http.requests import Asked, listed, shown, written_one
from console.schemas import registry as schema
from console.schemas.parts import Page
from console.timestamps import typed
from store.database.system import audit

router = described_router(prefix="/registry", tags=["registry"])


class WrittenImport(BaseModel):
    """`force`: the files win also over what was changed over the API."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    force: bool = False


_IMPORT: Final = TypeAdapter(WrittenImport)


@router.get("/differences", summary="Records that were changed over the API and stand otherwise in the site's files")
async def list_differences(services: Asked, _who: Registrar) -> Answer[Page[schema.Kept]]:
    return listed(services, [typed(schema.Kept, one) for one in await _files(services).differences()])


@router.post(
    "/import",
    summary="Take up the site's CSV files as they are now",
    openapi_extra=examples.body({"force": False}, _IMPORT, optional=True),
)
async def import_files(request: Request, services: Asked, who: Registrar) -> Answer[schema.Imported]:
    """What was changed over the API stays, and is listed under `kept`, unless `force` says that the files win."""
    asked = await written_one(request, _IMPORT, optional=True)
    try:
        done = await _files(services).import_now(force=asked.force)
    except Faulty as found:
        raise faulty(*map(located, found.faults)) from None
    now = services.clock()
    told: dict[str, Any] = {**{name: value for name, value in done.items() if name != "kept"}, "force": asked.force}
    await services.ledger.run(lambda tx: audit.write(tx, now, who.token, "site files imported", told))
    return shown(services, typed(schema.Imported, done))


def _files(services: Services) -> SiteFiles:
    if services.registry.site_files is None:
        raise Problem(409, messages_zh.NO_SITE)
    return services.registry.site_files
