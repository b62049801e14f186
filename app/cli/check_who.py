"""`fengshao check --who PLACE --rule RULE`: who would be notified of a danger there, when, and by which channels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from alerts.alert import Alert
from alerts.escalation.preview import CallPreview, EscalationPreview, LadderRow
from app.cli.output import Print
from app.cli.times import parse_time
from app.clock import Clock
from app.config.catalog import load_active_rulebooks, load_ladders, load_wording
from app.config.site import SiteConfig, load_site
from app.config.suggestions import missing_reference
from app.errors import UserError
from app.site_check.escalation_coverage import ladder_title
from app.site_check.last_resort import enabled_channels
from domain import Instant, Person, Subject
from domain.duration import format_duration
from domain.people import Community, community
from rules.rulebook.model import Rule


def print_who(path: Path | None, place: str | None, rule_name: str | None, time: str | None, echo: Print) -> int:
    """Print who would be notified if nobody answered. Raises UserError without a place or rule, or for unknown ones."""
    if place is None or rule_name is None:
        raise UserError("write both: check --who PLACE --rule RULE")
    site = load_site(path)
    at = Clock()() if time is None else parse_time(time, site.settings.zone)
    tree = community(site.places, site.cells, site.people, site.duties, site.settings.levels)
    alert = _alert(site, tree, place, rule_name, at)

    def affected(one: Alert) -> Sequence[Person]:
        return tree.concerned(one.subject, None, one.place)

    preview = EscalationPreview(
        load_ladders(path), tree, site.roles, affected, site.settings.zone, enabled_channels(site.settings)
    )
    alert = preview.choice.with_vulnerability(alert)
    echo(
        f"{alert.title} ({rule_name}, {alert.severity.value}) at {alert.address}: {ladder_title(preview.ladder(alert))}"
    )
    if alert.vulnerable:
        echo(f"vulnerability {alert.vulnerability}: {alert.vulnerable}")
    names = load_wording(path).roles
    for call in preview.calls(alert):
        echo(_line(call, names.get(call.row.recipient.role, call.row.recipient.role)))
    return 0


def _alert(site: SiteConfig, tree: Community, place: str, rule_name: str, at: Instant) -> Alert:
    books = load_active_rulebooks(site.kinds, site.path)
    rules = {rule.name: (book.hazard, rule) for book in books for rule in book.rules}
    if place not in tree.places:
        raise UserError(f"--who: {missing_reference(place, tree.places)}")
    if rule_name not in rules:
        raise UserError(f"--rule: {missing_reference(rule_name, rules)}")
    hazard, rule = rules[rule_name]
    return replace(_draft(rule, hazard, at), place=place, cell=tree.cell_of(place), address=tree.address(place))


def _draft(rule: Rule, hazard: str, at: Instant) -> Alert:
    return Alert(
        id=0,
        rule=rule.name,
        title=rule.title.zh,
        hazard=hazard,
        severity=rule.severity,
        ledger=rule.ledger,
        subject=Subject("device", ""),
        started_at=at,
        opened_at=at,
        updated_at=at,
        state_since=at,
        danger_at=at,
        ladder_rule=rule.name,
    )


def _line(call: CallPreview, role: str) -> str:
    people = ", ".join(f"{person.name} ({', '.join(channels) or 'no address'})" for person, channels in call.people)
    responsibility = "phone" if call.row.is_phone_call else call.row.recipient.responsibility.value
    return f"{_when(call.row, call.after_ms):<16} {responsibility:<12} {role}: {people or '-'}"


def _when(row: LadderRow, after_ms: int) -> str:
    if row.occasion.value != "opened":
        return f"when {row.occasion.value}"
    return f"after {format_duration(after_ms)}" if after_ms else "at once"
