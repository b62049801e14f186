"""`/users`: the accounts of people; `/sessions`: their open sessions, and those of tokens. For administrators."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.responses import Response

from console import access_messages_zh, messages_zh
from console.http import examples
from console.http.openapi import JsonResponse, documented_router
from console.http.problems import FieldError, Problem, invalid, not_found
from console.http.requests import (
    Deps,
    OptionalText,
    item_response,
    list_response,
    parse_body,
    parse_json_body,
    validate,
)
from console.http.requirements import UserAdmin
from console.schemas import access as schema
from console.schemas.references import NamedReference, Page
from console.security.auth import AccessRole, Principal
from console.security.passwords import initial_password
from console.security.user_names import is_user_id
from console.timestamps import Timestamp
from console.views.records import StrictModel
from store.database.system import audit, sessions, users

router = documented_router(tags=["users"])

USER_ROLES: Final = (
    AccessRole.VIEWER,
    AccessRole.WORKER,
    AccessRole.OPERATOR,
    AccessRole.DISPATCHER,
    AccessRole.ADMINISTRATOR,
)


class UserBody(StrictModel):
    """A new user. `by_password` False: he logs in with the identity provider only, whose name for him is `id`."""

    id: Annotated[str, Field(max_length=100)]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    role: Annotated[AccessRole, Field(strict=False)]
    place: str | None = None
    person: str | None = None
    by_password: bool = True


class UserChange(BaseModel):
    """What changes of a user; a field that is absent stays, null removes a place or person."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    role: Annotated[AccessRole, Field(strict=False)] | None = None
    place: str | None = None
    person: str | None = None
    disabled: bool | None = None


_USER_BODY, _USER_CHANGE = TypeAdapter(UserBody), TypeAdapter(UserChange)


@router.get("/users", summary="All users, by login name")
async def list_users(deps: Deps, _user: UserAdmin) -> JsonResponse[Page[schema.User]]:
    return list_response(deps, [user_view(deps, one) for one in await deps.database.read(users.list_users)])


@router.post(
    "/users",
    status_code=201,
    summary="Add a user; only this response contains his first password",
    openapi_extra=examples.request_body(examples.USER, _USER_BODY),
)
async def create_user(request: Request, deps: Deps, user: UserAdmin) -> JsonResponse[schema.UserWithPassword]:
    body, now = await parse_body(request, _USER_BODY), deps.clock()
    new_id = body.id.strip().lower()
    _check_id(new_id)
    _check_references(deps, body.role, body.place, body.person)
    password = initial_password() if body.by_password else None
    hashed = None if password is None else await deps.security.passwords.hash(password)
    new = users.User(
        new_id, body.name, body.role, body.place, body.person, hashed, must_change=body.by_password, created_at=now
    )

    def work(tx: Any) -> None:
        if users.get(tx, new_id) is not None:
            raise Problem(409, access_messages_zh.USER_EXISTS.format(id=new_id))
        users.create(tx, new)
        audit.record(tx, now, user.token, "user created", {"user": new_id, "role": new.role, "place": new.place})

    await deps.database.write(work)
    return item_response(deps, _with_password(deps, new, password), 201)


@router.patch(
    "/users/{user_id}",
    summary="Change name, role, place or person of a user, or disable him; his sessions follow at once",
    openapi_extra=examples.request_body(examples.USER_CHANGE, _USER_CHANGE),
)
async def change_user(request: Request, deps: Deps, user: UserAdmin, user_id: str) -> JsonResponse[schema.User]:
    given, now = await parse_json_body(request), deps.clock()
    change = validate(given, _USER_CHANGE)
    _check_references(deps, change.role, change.place, change.person)
    columns = {name: value for name, value in change.model_dump(exclude={"disabled"}).items() if name in given}
    columns = {name: value for name, value in columns.items() if value is not None or name in ("place", "person")}
    if change.disabled is not None:
        columns["disabled_at"] = now if change.disabled else None

    def work(tx: Any) -> users.User:
        before = _existing(tx, user_id)
        is_last = change.disabled or change.role not in (None, AccessRole.ADMINISTRATOR) or change.place is not None
        if is_last and before.role == AccessRole.ADMINISTRATOR:
            _require_another_administrator(tx, user_id)
        if columns:
            users.change(tx, user_id, **columns)
            detail = {name: value for name, value in change.model_dump().items() if name in given}
            audit.record(tx, now, user.token, "user changed", {"user": user_id, **detail})
        return _existing(tx, user_id)

    return item_response(deps, user_view(deps, await deps.database.write(work)))


@router.post("/users/{user_id}/password", summary="A new first password; ends his sessions")
async def reset_password(deps: Deps, user: UserAdmin, user_id: str) -> JsonResponse[schema.UserWithPassword]:
    password, now = initial_password(), deps.clock()
    hashed = await deps.security.passwords.hash(password)

    def work(tx: Any) -> users.User:
        _existing(tx, user_id)
        users.change(tx, user_id, password=hashed, must_change=True, password_at=now)
        sessions.end_of_user(tx, user_id, now)
        audit.record(tx, now, user.token, "password reset", {"user": user_id})
        return _existing(tx, user_id)

    return item_response(deps, _with_password(deps, await deps.database.write(work), password))


@router.delete("/users/{user_id}", status_code=204, summary="Remove a user and end his sessions")
async def delete_user(deps: Deps, user: UserAdmin, user_id: str) -> Response:
    now = deps.clock()

    def work(tx: Any) -> None:
        if _existing(tx, user_id).role == AccessRole.ADMINISTRATOR:
            _require_another_administrator(tx, user_id)
        users.remove(tx, user_id)
        sessions.end_of_user(tx, user_id, now)
        audit.record(tx, now, user.token, "user removed", {"user": user_id})

    await deps.database.write(work)
    return Response(status_code=204)


@router.get("/sessions", summary="Open sessions of everybody, last seen first")
async def list_sessions(deps: Deps, user: UserAdmin, of: OptionalText = None) -> JsonResponse[Page[schema.OpenSession]]:
    return list_response(deps, await session_views(deps, user, of or None))


@router.delete("/sessions/{session_id}", status_code=204, summary="End a session")
async def revoke_session(deps: Deps, user: UserAdmin, session_id: str) -> Response:
    return await end_session(deps, user, session_id)


async def end_session(deps: Deps, user: Principal, session_id: str) -> Response:
    """End a session; 404 when it is not open."""
    now = deps.clock()

    def work(tx: Any) -> bool:
        session = sessions.get(tx, session_id, now)
        if session is not None:
            sessions.end(tx, session_id, now)
            audit.record(tx, now, user.token, "session ended", {"of": session.user or session.token})
        return session is not None

    if not await deps.database.write(work):
        raise not_found("session", session_id)
    return Response(status_code=204)


async def session_views(deps: Deps, user: Principal, of: str | None) -> list[schema.OpenSession]:
    """Open sessions of one user, or of everybody."""
    now, people = deps.clock(), deps.registry.community().people
    rows = await deps.database.read(lambda tx: sessions.list_open(tx, now, of))
    names = {one.id: one.name for one in await deps.database.read(users.list_users)}
    return [
        schema.OpenSession(
            id=one.id,
            user=None if one.user is None else NamedReference(id=one.user, name=names.get(one.user, one.user)),
            token=one.token,
            person=_reference(people, one.person),
            opened_at=Timestamp(one.opened_at),
            seen_at=Timestamp(one.seen_at),
            expires_at=Timestamp(one.expires_at),
            address=one.address,
            agent=one.agent,
            current=one.id == user.session,
        )
        for one in rows
    ]


def user_view(deps: Deps, user: users.User) -> schema.User:
    """A user without his password."""
    return schema.User(**_fields(deps, user))


def _with_password(deps: Deps, user: users.User, password: str | None) -> schema.UserWithPassword:
    return schema.UserWithPassword(**_fields(deps, user), password=password)


def _fields(deps: Deps, user: users.User) -> dict[str, Any]:
    community = deps.registry.community()
    return {
        "id": user.id,
        "name": user.name,
        "role": AccessRole(user.role),
        "place": _reference(community.places, user.place),
        "person": _reference(community.people, user.person),
        "by_password": user.password is not None,
        "by_provider": user.subject is not None,
        "must_change": user.must_change,
        "has_pin": user.pin is not None,
        "created_at": Timestamp(user.created_at),
        "password_at": None if user.password_at is None else Timestamp(user.password_at),
        "disabled_at": None if user.disabled_at is None else Timestamp(user.disabled_at),
    }


def _reference(rows: Any, row_id: str | None) -> NamedReference | None:
    if row_id is None:
        return None
    return NamedReference(id=row_id, name=rows[row_id].name if row_id in rows else row_id)


def _existing(tx: Any, user_id: str) -> users.User:
    user = users.get(tx, user_id)
    if user is None:
        raise not_found("user", user_id)
    return user


def _require_another_administrator(tx: Any, user_id: str) -> None:
    """409 unless another enabled user administers the whole site."""
    if not users.other_administrators(tx, user_id):
        raise Problem(409, access_messages_zh.LAST_ADMINISTRATOR)


def _check_id(user_id: str) -> None:
    if not is_user_id(user_id):
        raise invalid(FieldError("id", access_messages_zh.BAD_USER_ID))


def _check_references(deps: Deps, role: AccessRole | None, place: str | None, person: str | None) -> None:
    """422 for a role that no person has, an unknown place, or an unknown person."""
    community = deps.registry.community()
    faults = []
    if role is not None and role not in USER_ROLES:
        faults.append(FieldError("role", access_messages_zh.USER_ROLE.format(known="、".join(USER_ROLES))))
    if place is not None and place not in community.places:
        faults.append(FieldError("place", messages_zh.UNKNOWN_PLACE.format(place=place)))
    if person is not None and person not in community.people:
        faults.append(FieldError("person", messages_zh.UNKNOWN_PERSON.format(person=person)))
    if faults:
        raise invalid(*faults)
