"""Asks every configured provider what can be asked without sending, and explains each fault to the operator."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import httpx2
import msgspec
import yaml
from msgspec import Struct

from alerts.channel_specs import SMS, stored_address
from alerts.channels.preflight import Preflighted, PreflightScope, ProviderFault
from alerts.channels.providers import ProviderChain, ProviderLimit
from domain import DAY, Instant, Person

ADVICE: Final = Path(__file__).with_name("advice.zh.yaml")
NEEDED_A_DAY: Final = 10
"""One alert that nobody takes is a call, a deputy's, an escalation and its repeats; the carriers allow ten a day."""
_UNREACHABLE: Final = "unreachable"


class PreflightResult(Struct, frozen=True):
    """What was found: channels that answered without a fault, faults by channel, and channels that cannot be asked."""

    passed: tuple[str, ...]
    faults: tuple[tuple[str, ProviderFault], ...]
    not_asked: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """One sentence a fault: what it is, what the provider answered, and where to mend it."""
        for channel, fault in self.faults:
            yield f"{channel}: {explain(fault)}"


async def preflight(
    channels: Mapping[str, object],
    people: Iterable[Person],
    now: Instant,
    *,
    templates: Mapping[str, str] | None = None,
) -> PreflightResult:
    """Ask all channels at the same time, and every provider behind one. `templates`: SMS texts by name."""
    known, asked, names = list(people), [], list[str]()
    for name, channel in channels.items():
        addresses = {address for person in known if (address := stored_address(person, name))}
        for provider in _providers(channel):
            names.append(name)
            asked.append(_ask(provider, PreflightScope(addresses, templates or {}), now))
    answers = list(zip(names, await asyncio.gather(*asked), strict=True))
    answers += [(SMS, _limit_faults(channel)) for name, channel in channels.items() if name == SMS]
    faults = tuple((name, fault) for name, found in answers for fault in found)
    faulty = {name for name, _ in faults}
    passed = tuple(name for name in dict.fromkeys(names) if name not in faulty)
    return PreflightResult(passed, faults, tuple(name for name in channels if name not in names))


def explain(fault: ProviderFault) -> str:
    """The fault for an operator, with the provider's answer."""
    advice = advices()[fault.problem]
    return f"{advice}（{fault.detail}）" if fault.detail else advice


@cache
def advices() -> Mapping[str, str]:
    """Problem -> what to do, from advice.zh.yaml."""
    return msgspec.convert(yaml.safe_load(ADVICE.read_text("utf-8")), dict[str, str])


def _providers(channel: object) -> Collection[Preflighted]:
    """The channel itself, or those behind it, as far as they can be asked."""
    behind = getattr(channel, "providers", None)
    found = [channel, *behind.values()] if isinstance(behind, Mapping) else [channel]
    return [provider for provider in found if isinstance(provider, Preflighted)]


def _limit_faults(channel: object) -> Collection[ProviderFault]:
    """The texts that one phone may get in a day by all providers, when these are fewer than a ladder needs."""
    if not isinstance(channel, ProviderChain):
        return []
    daily = {name: _per_number_a_day(channel.plan(name).limits) for name in channel.providers}
    limited = {name: count for name, count in daily.items() if count is not None}
    if len(limited) < len(daily) or sum(limited.values()) >= NEEDED_A_DAY:
        return []
    return [ProviderFault("limits.number", ", ".join(f"{name} {count}" for name, count in limited.items()))]


def _per_number_a_day(limits: Iterable[ProviderLimit]) -> int | None:
    counts = [limit.count for limit in limits if limit.per == "number" and limit.span_ms >= DAY]
    return min(counts, default=None)


async def _ask(provider: Preflighted, scope: PreflightScope, now: Instant) -> Collection[ProviderFault]:
    try:
        return await provider.preflight(scope, now)
    except (httpx2.HTTPError, OSError, msgspec.DecodeError) as error:
        return [ProviderFault(_UNREACHABLE, f"{type(error).__name__}: {error}")]
