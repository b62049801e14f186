"""What a provider answers about our account before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from domain import Instant


class ProviderFault(Struct, frozen=True):
    """A fault that an operator must mend. `problem` names the advice; `detail` is the provider's answer or the item."""

    problem: str
    detail: str = ""


class PreflightScope(Struct, frozen=True):
    """What to ask about: addresses of people on this channel, and filed templates, each one call.

    `templates`: `name.severity` -> the catalog's code; a provider with codes of its own asks about those.
    """

    addresses: Collection[str] = ()
    templates: Mapping[str, str] = {}


@runtime_checkable
class Preflighted(Protocol):
    """A channel or provider that can be asked without sending."""

    async def preflight(self, scope: PreflightScope, now: Instant) -> Sequence[ProviderFault]:
        """The faults found. Raises errors of transport."""
        ...
