"""`/system`: the health of the service for those who run it: stages, providers, disk, self-test, jobs, versions."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends

from console.http.openapi import JsonResponse, documented_router
from console.http.requests import Deps, item_response
from console.http.requirements import Requirement
from console.schemas.system import SystemState
from console.security.auth import Principal
from console.timestamps import to_schema
from console.views.device_state import counts_by_condition
from console.views.system_checks import system_checks
from store.database import registry
from store.database.alerts import exercises, queries
from store.database.system import jobs, machines

router = documented_router(tags=["health"])

SystemReader = Annotated[Principal, Depends(Requirement("system"))]
_SHOWN: Final = ("version", "started_at", "registry_version", "rulebooks", "providers", "disk_free", "disk_total")


@router.get("/system", summary="The health of the service: checks, providers, jobs, disk, versions")
async def read_system(deps: Deps, _user: SystemReader) -> JsonResponse[SystemState]:
    facts, now = deps.monitoring.system(), deps.clock()
    unsent_since = await deps.database.read(queries.oldest_unsent)
    last_drill = await deps.database.read(exercises.last_exercise)
    runs = await deps.database.read(jobs.list_jobs)
    shown = msgspec.to_builtins(facts)
    view: dict[str, Any] = {
        **{name: shown[name] for name in _SHOWN},
        "checks": system_checks(facts, now, unsent_since, last_drill, runs),
        "jobs": [msgspec.to_builtins(run) for run in runs],
        "last_canary_at": facts.canary_at,
        "last_drill_at": last_drill,
        "last_audit_at": facts.audit_at,
        "devices": counts_by_condition(deps.rules.unwell_devices(), None, None),
        "machines": [msgspec.to_builtins(one) for one in await deps.database.read(machines.list_machines)],
        "devices_total": await deps.database.read(registry.count_devices),
    }
    return item_response(deps, to_schema(SystemState, view))
