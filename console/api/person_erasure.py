"""`POST /people/{id}/erase`: the right to erasure (PIPL, article 47)."""

from __future__ import annotations

from typing import Any

from console import access_messages_zh
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import Problem, not_found
from console.http.requests import Deps, item_response
from console.http.requirements import RegistryAdmin
from console.schemas.access import ErasedPerson
from store.database.reports import person_erasure
from store.database.system import audit, users

router = documented_router(tags=["people"])


@router.post("/people/{person_id}/erase", summary="Erase a person's data everywhere; 409 while it is needed")
async def erase_person(deps: Deps, user: RegistryAdmin, person_id: str) -> JsonResponse[ErasedPerson]:
    community, now = deps.registry.community(), deps.clock()
    person = community.people.get(person_id)
    if person is None:
        raise not_found("person", person_id)
    if person_erasure.is_on_duty(community, person_id):
        raise Problem(409, access_messages_zh.PERSON_ON_DUTY.format(person=person.name))

    def work(tx: Any) -> int:
        alert = person_erasure.open_alert_of(tx, person)
        if alert is not None:
            raise Problem(409, access_messages_zh.PERSON_IN_ALERT.format(alert=alert))
        had_administrator = users.other_administrators(tx, "")
        changed = person_erasure.erase_person(tx, person, now, access_messages_zh.ERASED)
        if had_administrator and not users.other_administrators(tx, ""):
            raise Problem(409, access_messages_zh.LAST_ADMINISTRATOR)
        audit.record(tx, now, user.token, "personal data erased", {"people": person_id, "alerts": changed})
        return changed

    changed = await deps.database.write(work)
    await deps.registry.reload()
    return item_response(deps, ErasedPerson(id=person_id, alerts=changed))
