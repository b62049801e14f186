"""Loads kinds, mappings, rulebooks, ladders, wording and replies: the built-in files overlaid by the site's.

A site file of the same name replaces the built-in one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from alerts.cases.categories import REPORT_RULES, ReportCategories
from alerts.cases.categories import check as check_categories
from alerts.escalation.policy import EscalationPolicy
from alerts.escalation.policy_check import check as check_ladders
from alerts.messages.catalog import TextCatalog
from alerts.messages.site_texts import completed, missing_texts
from alerts.reply_parsing.grammar import ReplyGrammar, ReplyWords
from alerts.reply_parsing.grammar import check as check_replies
from alerts.reply_parsing.trials import ReplyTrials, failures
from app.config.faults import ConfigError, ConfigFault
from app.config.yaml_files import Document, read_model, read_yaml, validate
from domain.kind import CommonQuantities, Kind
from domain.roles import RoleFile, Roles, SiteRoleFile, merged_roles, role_faults
from ingest.mappings.check import check as check_mapping
from ingest.mappings.mapping import MappingBook
from rules.rulebook.check import check as check_book
from rules.rulebook.model import Rulebook
from rules.rulebook.recovery import PartialRulebook, parse_partially
from rules.rulebook.references import check_references, check_together

ROOT = Path(__file__).resolve().parents[2]
KINDS = ROOT / "domain" / "kinds"
MAPPINGS = ROOT / "ingest" / "mappings"
RULEBOOKS = ROOT / "rules" / "books"
CATEGORIES = ROOT / "alerts" / "cases" / "categories.yaml"
LADDERS = ROOT / "alerts" / "ladders"
ROLES = LADDERS / "roles.yaml"
WORDING = ROOT / "alerts" / "messages" / "wording.zh.yaml"
REPLIES = ROOT / "alerts" / "reply_parsing" / "replies.zh.yaml"
REPLY_TRIALS = ROOT / "alerts" / "reply_parsing" / "replies_test.zh.yaml"


def overlay_files(built_in: Path, site: Path | None) -> list[Path]:
    """The YAML files of two folders, without trials (`*_test.yaml`): built-in ones by name, then the site's by name.

    A site's file replaces the built-in one of its name.
    """
    by_name: dict[str, Path] = {}
    for folder in (built_in, site):
        if folder is not None and folder.is_dir():
            by_name.update({file.name: file for file in sorted(folder.glob("*.yaml"))})
    files = [file for name, file in sorted(by_name.items()) if not name.endswith("_test.yaml")]
    return sorted(files, key=lambda file: file.parent == site)


def load_kinds(site: Path | None = None) -> Mapping[str, Kind]:
    """Every kind by name, with the quantities that all kinds have. Raises ConfigError."""
    files = overlay_files(KINDS, site and site / "kinds")
    common = read_model(KINDS / "common.yaml", CommonQuantities).common
    kinds = [read_model(file, Kind) for file in files if file.name != "common.yaml"]
    return {kind.kind: kind.with_common(common) for kind in kinds}


def load_mappings(kinds: Mapping[str, Kind], site: Path | None = None) -> list[MappingBook]:
    """Every mapping of vendor fields to our quantities, checked against the kinds. Raises ConfigError."""
    mappings: list[MappingBook] = []
    faults: list[ConfigFault] = []
    for file in overlay_files(MAPPINGS, site and site / "mappings"):
        document = read_yaml(file)
        mappings.append(validate(document, MappingBook))
        faults += document.locate_all(check_mapping(mappings[-1], kinds))
    if faults:
        raise ConfigError(faults)
    return mappings


def load_rulebook_files(kinds: Mapping[str, Kind], files: Sequence[Path]) -> list[Rulebook]:
    """The rulebooks in these files, checked against the kinds. Raises ConfigError with the faults of all files."""
    rulebooks, faults = parse_rulebooks(kinds, files)
    if faults:
        raise ConfigError(faults)
    return [rulebook for _, rulebook in rulebooks]


def load_active_rulebooks(kinds: Mapping[str, Kind], site: Path | None = None) -> list[Rulebook]:
    """All active rulebooks, also checked for references to rules that no rulebook has. Raises ConfigError."""
    rulebooks, faults = parse_rulebooks(kinds, rulebook_files(site), ())
    if faults:
        raise ConfigError(faults)
    return [rulebook for _, rulebook in rulebooks]


def parse_rulebooks(
    kinds: Mapping[str, Kind], files: Sequence[Path], known: Sequence[Rulebook] | None = None
) -> tuple[list[tuple[Path, Rulebook]], list[ConfigFault]]:
    """What can be parsed of these rulebooks, and all their faults: schema, types, and between rulebooks.

    With `known` also references to rules that are neither in these nor in the known rulebooks.
    """
    parsed: list[tuple[Path, Document, PartialRulebook]] = []
    faults: list[ConfigFault] = []
    for file in files:
        try:
            document = read_yaml(file)
        except ConfigError as error:
            faults += error.faults
            continue
        part, part_faults = _parse_partial(document, kinds)
        parsed.append((file, document, part))
        faults += part_faults
    rulebooks = [part.book for _, _, part in parsed]
    between = check_together(rulebooks) + (check_references(rulebooks, known) if known is not None else [])
    for index, fault in between:
        _, document, part = parsed[index]
        faults += map(document.locate, part.relocate([fault]))
    return [(file, part.book) for file, _, part in parsed], faults


def _parse_partial(document: Document, kinds: Mapping[str, Kind]) -> tuple[PartialRulebook, list[ConfigFault]]:
    """The rulebook, or what can be parsed of a faulty one, and its faults."""
    try:
        book = validate(document, Rulebook)
    except ConfigError as error:
        part = parse_partially(document.data)
        found = [*part.faults, *part.relocate(check_book(part.book, kinds))]
        return part, sorted({*error.faults, *document.locate_all(found)}, key=lambda fault: (fault.line, fault.column))
    part = PartialRulebook(book, tuple(range(len(book.rules))), ())
    return part, document.locate_all(check_book(book, kinds))


def rulebook_files(site: Path | None = None) -> list[Path]:
    """The active rulebooks: the built-in ones and the site's."""
    return overlay_files(RULEBOOKS, site and site / "rules")


_BUILT_IN: Final = ("one_event", "gathered", "verify_quiet", "deputy_after", "busy_from")


def load_ladders(site: Path | None = None) -> EscalationPolicy:
    """The site's ladders.yaml, else the built-in one; what stands beside the ladders, and the ladders of citizens'
    reports, are built in unless the site sets them: without the latter a blocked exit would be called at night."""
    built_in = LADDERS / "default.yaml"
    own = site / "ladders.yaml" if site else None
    document = read_yaml(own if own and own.exists() else built_in)
    policy = validate(document, EscalationPolicy)
    unset = set(_BUILT_IN) - policy.model_fields_set
    if unset:
        default = validate(read_yaml(built_in), EscalationPolicy)
        policy = policy.model_copy(update={name: getattr(default, name) for name in unset})
    named = {rule for ladder in policy.ladders for rule in ladder.rules}
    if not named.issuperset(REPORT_RULES):
        own_reports = [one for one in validate(read_yaml(built_in), EscalationPolicy).ladders if one.rules]
        missing = [one for one in own_reports if set(one.rules) <= set(REPORT_RULES) - named]
        policy = policy.model_copy(update={"ladders": (*policy.ladders, *missing)})
    faults = document.locate_all(check_ladders(policy))
    if faults:
        raise ConfigError(faults)
    return policy


@cache
def built_in_roles() -> Roles:
    """The roles of alerts/ladders/roles.yaml, read once in a process."""
    return read_model(ROLES, RoleFile).roles


def load_roles(site: Path | None = None) -> Roles:
    """The built-in roles changed and extended by the site's roles.yaml. Raises ConfigError."""
    own = site / "roles.yaml" if site else None
    if own is None or not own.exists():
        return built_in_roles()
    document = read_yaml(own)
    changed = validate(document, SiteRoleFile)
    faults = document.locate_all(role_faults(built_in_roles(), changed))
    if faults:
        raise ConfigError(faults)
    return merged_roles(built_in_roles(), changed)


def load_categories(site: Path | None = None) -> ReportCategories:
    """The site's categories.yaml of citizens' reports, else the built-in one. Raises ConfigError."""
    own = site / "categories.yaml" if site else None
    document = read_yaml(own if own and own.exists() else CATEGORIES)
    categories = validate(document, ReportCategories)
    faults = document.locate_all(check_categories(categories))
    if faults:
        raise ConfigError(faults)
    return categories


def category_ladders(site: Path) -> set[str]:
    """The rule names by which the site's categories of reports select a ladder; none of a faulty file."""
    try:
        return {category.ladder_rule for category in load_categories(site).categories}
    except ConfigError:
        return set()


def load_wording(site: Path | None = None) -> TextCatalog:
    """The site's wording.zh.yaml, completed by the built-in one. Raises ConfigError."""
    own = site / "wording.zh.yaml" if site else None
    if own is None or not own.exists():
        return _with_roles(read_model(WORDING, TextCatalog), site)
    document = read_yaml(own)
    texts = completed(document.data, read_yaml(WORDING).data)
    return _with_roles(validate(Document(document.file, texts, document.positions), TextCatalog), site)


def missing_site_texts(site: Path) -> list[ConfigFault]:
    """The built-in texts that are used because the site's wording.zh.yaml does not have them."""
    own = site / "wording.zh.yaml"
    document = read_yaml(own) if own.exists() else None
    return [] if document is None else document.locate_all(missing_texts(document.data, read_yaml(WORDING).data))


def _with_roles(catalog: TextCatalog, site: Path | None) -> TextCatalog:
    """The catalog with the names of all roles; those written in it take precedence."""
    names = {name: role.zh for name, role in load_roles(site).items()}
    return catalog.model_copy(update={"roles": names | catalog.roles})


def load_replies(site: Path | None = None) -> ReplyGrammar:
    """The words of replies: the built-in ones extended by the site's replies.zh.yaml, checked by the trials of both.

    A site cannot turn a refusal into an acceptance: the built-in trials would fail.
    """
    grammar, faults = built_in_replies(), list[ConfigFault]()
    own = site / "replies.zh.yaml" if site else None
    if own and own.exists():
        document = read_yaml(own)
        words = validate(document, ReplyWords)
        grammar = grammar.extended(words)
        faults = document.locate_all(check_replies(words, grammar)) or _failed_trials(REPLY_TRIALS, grammar)
    trials = site / "replies_test.zh.yaml" if site else None
    if trials and trials.exists() and not faults:
        faults = _failed_trials(trials, grammar)
    if faults:
        raise ConfigError(faults)
    return grammar


@cache
def built_in_replies() -> ReplyGrammar:
    """The built-in grammar, checked by its trials once in a process, because these files are part of the program."""
    document = read_yaml(REPLIES)
    grammar = validate(document, ReplyGrammar)
    faults = document.locate_all(check_replies(grammar, grammar)) or _failed_trials(REPLY_TRIALS, grammar)
    if faults:
        raise ConfigError(faults)
    return grammar


def _failed_trials(file: Path, grammar: ReplyGrammar) -> list[ConfigFault]:
    document = read_yaml(file)
    return document.locate_all(failures(validate(document, ReplyTrials), grammar))
