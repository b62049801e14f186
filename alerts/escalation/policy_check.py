"""Faults of an escalation policy: missing and ambiguous ladders, and names of roles, channels and rules. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import combinations

from alerts.escalation.conditions import Conditions
from alerts.escalation.policy import EscalationPolicy, Ladder, Recipient
from domain import Fault, Ledger, Severity
from domain.roles import Roles

Path = tuple[str | int, ...]


def check(policy: EscalationPolicy) -> list[Fault]:
    """Faults: a pair of ledger and severity without a general ladder or with two, and ladders of which none is more
    specific although one alert may fit both."""
    return [*_missing_ladders(policy), *_ambiguous_ladders(policy)]


def _missing_ladders(policy: EscalationPolicy) -> Iterator[Fault]:
    for ledger in Ledger:
        for severity in Severity:
            count = sum(
                ladder.is_general and ladder.ledger is ledger and severity in ladder.severities
                for ladder in policy.ladders
            )
            if count != 1:
                what = "has no ladder: add one" if count == 0 else f"has {count} ladders: keep one"
                yield Fault(where=("ladders",), message=f"{ledger.value} {severity.value} {what}")


def _ambiguous_ladders(policy: EscalationPolicy) -> Iterator[Fault]:
    for (first, own), (second, other) in combinations(enumerate(policy.ladders), 2):
        if own.is_general or own.specificity != other.specificity or not _may_both_apply(own, other):
            continue
        severities = ", ".join(one.value for one in Severity if one in own.severities and one in other.severities)
        rules = ", ".join(sorted(set(own.rules) & set(other.rules)))
        what = f"ladders {first + 1} and {second + 1} may both apply to {own.ledger.value} {severities}"
        what += f" of {rules}" if rules else ""
        yield Fault(("ladders", second), f"{what}, and neither is more specific: keep one, or change its `when`")


def _may_both_apply(own: Ladder, other: Ladder) -> bool:
    if own.ledger is not other.ledger or set(own.severities).isdisjoint(other.severities):
        return False
    if own.rules and set(own.rules).isdisjoint(other.rules):
        return False
    return own.when.overlap(other.when)


def check_names(
    policy: EscalationPolicy,
    channels: Collection[str],
    rules: Collection[str],
    unknown: Callable[[str, Collection[str]], str],
) -> Iterator[Fault]:
    """Faults: channels and rules that do not exist. `unknown` says what to write instead.

    Checked apart from the shape: a service that restarts at night goes on with the rungs that are right.
    """
    together = [(("one_event", index), names) for index, names in enumerate(policy.one_event)]
    gathered = [(("gathered", index, "rules"), one.rules) for index, one in enumerate(policy.gathered)]
    yield from _unknown((*_rule_lists(policy), *together, *gathered), rules, unknown)
    for index, one in enumerate(policy.gathered):
        if one.by not in rules:
            yield Fault(("gathered", index, "by"), unknown(one.by, rules))
    for path, recipient in _recipients(policy):
        named = (((*path, "channels"), recipient.channels), ((*path, "fallback"), recipient.fallback))
        yield from _unknown(named, channels, unknown)


def check_roles(policy: EscalationPolicy, roles: Roles, unknown: Callable[[str, Roles], str]) -> Iterator[Fault]:
    """Faults: roles that do not exist. `unknown` says what to write instead."""
    for path, recipient in _recipients(policy):
        if recipient.role not in roles:
            yield Fault((*path, "role"), unknown(recipient.role, roles))
    for path, role in _roles_beside_recipients(policy):
        if role not in roles:
            yield Fault(path, unknown(role, roles))


def check_conditions(
    policy: EscalationPolicy,
    hazards: Collection[str],
    levels: Collection[str],
    unknown: Callable[[str, Collection[str]], str],
) -> Iterator[Fault]:
    """Faults: hazards that no rulebook has, and levels that neither are roles of levels nor occur in the place tree."""
    for path, when in _conditions(policy):
        yield from _unknown([((*path, "hazards"), when.hazards)], hazards, unknown)
        yield from _unknown([((*path, "places"), when.places)], levels, unknown)


def _rule_lists(policy: EscalationPolicy) -> Iterator[tuple[Path, Sequence[str]]]:
    for index, ladder in enumerate(policy.ladders):
        yield ("ladders", index, "rules"), ladder.rules
    for path, when in _conditions(policy):
        yield (*path, "rules"), when.rules


def _conditions(policy: EscalationPolicy) -> Iterator[tuple[Path, Conditions]]:
    for index, ladder in enumerate(policy.ladders):
        yield ("ladders", index, "when"), ladder.when
        for step, notice in enumerate(ladder.notify):
            yield ("ladders", index, "notify", step, "when"), notice.when


def _roles_beside_recipients(policy: EscalationPolicy) -> Iterator[tuple[Path, str]]:
    """Roles that are called by phone, verify or supervise, with their paths in the file."""
    for index, ladder in enumerate(policy.ladders):
        at: Path = ("ladders", index)
        yield from (((*at, "rungs", step, "phone"), one.phone) for step, one in enumerate(ladder.rungs) if one.phone)
        if ladder.verify_by is not None:
            yield (*at, "verify_by"), ladder.verify_by
        if ladder.supervise is not None:
            yield (*at, "supervise", "role"), ladder.supervise.role


def _recipients(policy: EscalationPolicy) -> Iterator[tuple[Path, Recipient]]:
    """Every recipient with its path in the file; that of a rung in the short form is the rung's."""
    for index, ladder in enumerate(policy.ladders):
        for step, rung in enumerate(ladder.rungs):
            path: Path = ("ladders", index, "rungs", step)
            for at, recipient in enumerate(rung.everybody):
                yield ((*path, "recipients", at) if rung.recipients else path), recipient
        for step, notice in enumerate(ladder.notify):
            yield ("ladders", index, "notify", step), notice


def _unknown(
    named: Iterable[tuple[Path, Sequence[str]]],
    known: Collection[str],
    unknown: Callable[[str, Collection[str]], str],
) -> Iterator[Fault]:
    for path, names in named:
        for at, name in enumerate(names):
            if name not in known:
                yield Fault((*path, at), unknown(name, known))
