"""Which alerts a list or an export contains: the filters of a request, limited to what the user may see."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Query

from alerts.alert import AlertSource, CaseDisposition, State
from console import messages_zh
from console.api.devices import visible_places
from console.http.problems import FieldError, invalid
from console.http.requests import Deps, OptionalText, TextList, parse_choices, parse_period, parse_time_field
from console.http.requirements import CurrentUser
from domain import Ledger, Severity
from store.database.alerts.queries import AlertFilter


async def alert_filter(
    deps: Deps,
    user: CurrentUser,
    state: TextList,
    severity: TextList,
    source: TextList,
    disposition: TextList,
    ledger: OptionalText = None,
    kind: Annotated[str | None, Query(description="a kind of device, such as gas_alarm")] = None,
    place: Annotated[str | None, Query(description="this place and all places under it")] = None,
    device: OptionalText = None,
    exercise: Annotated[bool | None, Query(description="only drills, or none")] = None,
    returned_to: Annotated[str | None, Query(description="role, person or outside system it was returned to")] = None,
    since: Annotated[str | None, Query(description="opened at or after; `from` is the same")] = None,
    until: Annotated[str | None, Query(description="opened at or before; `to` is the same")] = None,
    not_closed_or_since: Annotated[
        str | None, Query(description="not closed, or opened at or after: what a screen shows")
    ] = None,
    from_: Annotated[str | None, Query(alias="from")] = None,
    to: OptionalText = None,
) -> AlertFilter:
    """The filter of a request; 422 for unknown values."""
    begin, end = parse_period(deps, since or from_, until or to, ("since", "until"))
    places = visible_places(deps, user, place)
    return AlertFilter(
        state=parse_choices("state", state, State),
        severity=parse_choices("severity", severity, Severity),
        ledger=_parse_choice("ledger", ledger, Ledger),
        kind=_check_kind(deps, kind),
        device=device or None,
        place=places,
        since=begin,
        until=None if end is None else end + 1,
        source=parse_choices("source", source, AlertSource),
        disposition=parse_choices("disposition", disposition, CaseDisposition),
        exercise=exercise,
        returned_to=returned_to or None,
        not_closed_or_since=parse_time_field(deps, "not_closed_or_since", not_closed_or_since),
    )


AlertFilters = Annotated[AlertFilter, Depends(alert_filter)]


def _parse_choice(field: str, value: str | None, choices: type[StrEnum]) -> str | None:
    """The value of a filter that takes one value."""
    values = parse_choices(field, [value or ""], choices)
    return values[0].value if values else None


def _check_kind(deps: Deps, value: str | None) -> str | None:
    if value and value not in deps.registry.kinds:
        known = "、".join(sorted(deps.registry.kinds))
        raise invalid(FieldError("kind", messages_zh.UNKNOWN_KIND.format(kind=value, known=known)))
    return value or None
