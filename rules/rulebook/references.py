"""References between rules: duplicate names, unknown names, findings that are never visible, cycles, and which rules of
other books a book needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from domain import Fault
from rules.language.nodes import attributes
from rules.rulebook.model import ANY_KIND, Rule, Rulebook


def with_required_rules(book: Rulebook, others: Sequence[Rulebook]) -> list[Rulebook]:
    """The book, and those rules of other books whose findings it uses."""
    return [book, *referenced_rules(book, others)]


def check_together(books: Sequence[Rulebook]) -> list[tuple[int, Fault]]:
    """Rules of different books with the same name, each with the index of its book: state is stored by name."""
    found: list[tuple[int, Fault]] = []
    first: dict[str, int] = {}
    for book_index, book in enumerate(books):
        for index, rule in enumerate(book.rules):
            if first.setdefault(rule.name, book_index) != book_index:
                other = books[first[rule.name]].hazard
                message = f"{rule.name} is already a rule of the book of {other}: choose another name"
                found.append((book_index, Fault(("rules", index, "name"), message)))
    return found


def check_references(books: Sequence[Rulebook], known: Sequence[Rulebook] = ()) -> list[tuple[int, Fault]]:
    """References to rules that exist neither in these books nor in the `known` ones."""
    names = [rule.name for book in (*books, *known) for rule in book.rules]
    found: list[tuple[int, Fault]] = []
    for book_index, book in enumerate(books):
        for index, rule in enumerate(book.rules):
            spoken_of = rule.referenced_rules.union(rule.chatter.rules if rule.chatter is not None else ())
            for name in sorted(spoken_of.difference(names)):
                where = ("rules", index, *_named_at(rule, name))
                found.append((book_index, Fault(where, f"no rule {name} in any book{suggestion(name, names)}")))
    return found + _invisible_findings(books, known) + _cycles(books, known)


def _invisible_findings(books: Sequence[Rulebook], known: Sequence[Rulebook]) -> list[tuple[int, Fault]]:
    """`finding.x` of a rule about other devices: it is active only for the same device, or for a group the device is
    in.
    """
    rules = {rule.name: rule for book in (*known, *books) for rule in book.rules}
    found: list[tuple[int, Fault]] = []
    for book_index, book in enumerate(books):
        for index, rule in enumerate(book.rules):
            for where, node in rule.conditions():
                asked = [one.name.replace("_", "-") for one in attributes(node) if one.owner == "finding"]
                for name in (one for one in dict.fromkeys(asked) if one in rules and not _can_see(rule, rules[one])):
                    found.append((book_index, Fault(("rules", index, *where), _other_devices(rule, rules[name]))))
    return found


def _can_see(rule: Rule, other: Rule) -> bool:
    """True where a finding of the other rule can be about the same device, or about a group."""
    any_kind = ANY_KIND in rule.kinds or ANY_KIND in other.kinds
    return other.gather is not None or (rule.gather is None and (any_kind or not {*rule.kinds}.isdisjoint(other.kinds)))


def _other_devices(rule: Rule, other: Rule) -> str:
    about = f"a {rule.of}" if rule.gather is not None else f"kind {' or '.join(rule.kinds)}"
    if rule.gather is not None:
        together = f"gather {other.name} as a part, or in without"
    else:
        together = f"write a rule with gather: {{parts: [{{rules: [{rule.name}]}}, {{rules: [{other.name}]}}]}}"
    return (
        f"finding.{other.name.replace('-', '_')} is about kind {' or '.join(other.kinds)} and never about {about},"
        f" so it is never true here: {together}"
    )


def _named_at(rule: Rule, name: str) -> tuple[str | int, ...]:
    """The path at which a rule lists another by name; the rule itself for names in conditions."""
    lists: list[tuple[tuple[str | int, ...], Sequence[str]]] = []
    if rule.gather is not None:
        lists.append((("gather", "without"), rule.gather.without))
        lists += [(("gather", "parts", part, "rules"), one.rules) for part, one in enumerate(rule.gather.parts)]
    if rule.chatter is not None:
        lists.append((("chatter", "rules"), rule.chatter.rules))
    return next(((*where, names.index(name)) for where, names in lists if name in names), ())


def _cycles(books: Sequence[Rulebook], known: Sequence[Rulebook]) -> list[tuple[int, Fault]]:
    """Rules that wait for each other's findings."""
    speaks = {rule.name: rule.referenced_rules for book in (*known, *books) for rule in book.rules}
    found: list[tuple[int, Fault]] = []
    for book_index, book in enumerate(books):
        for index, rule in enumerate(book.rules):
            around = _reference_cycle(rule.name, speaks)
            if around and not (rule.gather is not None and rule.name in rule.gather.rules):
                path = " needs ".join(around)
                message = f"{path}: rules that wait for each other never begin, remove one of these findings"
                found.append((book_index, Fault(("rules", index), message)))
    return found


def _reference_cycle(name: str, speaks: Mapping[str, frozenset[str]]) -> list[str]:
    """The shortest cycle from a rule over the findings it uses back to itself; empty without one."""
    paths = [[name]]
    seen: set[str] = set()
    for walked in paths:
        for next_ in sorted(speaks.get(walked[-1], frozenset()) - seen):
            if next_ == name:
                return [*walked, name]
            seen.add(next_)
            paths.append([*walked, next_])
    return []


def suggestion(name: str, known: Mapping[str, object] | Sequence[str]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f": write {near[0]}" if near else f": write one of {', '.join(sorted(known))}"


def referenced_rules(book: Rulebook, others: Sequence[Rulebook]) -> list[Rulebook]:
    """Those rules of other books whose findings a book uses."""
    own = {rule.name for rule in book.rules}
    wanted = {name for rule in book.rules for name in rule.referenced_rules} - own
    found = [(other, [rule for rule in other.rules if rule.name in wanted]) for other in others]
    return [other.model_copy(update={"rules": rules}) for other, rules in found if rules]
