"""A person who is taken out of the registry loses the access, which would pass to whoever gets the id next."""

from __future__ import annotations

from sqlalchemy import Connection

from domain import Person
from store.database import registry
from store.database.system import tokens, users
from store.database.system.tokens import Token
from store.database.system.users import User

LI, WANG = Person("li", "李伟"), Person("wang", "王芳")


def test_a_shorter_list_of_people_ends_the_access_of_those_who_are_not_in_it(tx: Connection) -> None:
    registry.put_people(tx, [LI, WANG], 1)
    users.create(tx, User("li-desk", "李伟", "operator", person="li", pin="p", subject="sub-1"))
    users.create(tx, User("wang-desk", "王芳", "operator", person="wang"))
    tokens.create(tx, Token("t-1", "hash-1", "worker", person="li"))

    registry.put_people(tx, [WANG], 2, replace=True)

    closed, kept = users.get(tx, "li-desk"), users.get(tx, "wang-desk")
    assert closed is not None
    assert (closed.person, closed.pin, closed.subject, closed.disabled_at, closed.name) == (None, None, None, 2, "李伟")
    assert kept is not None
    assert (kept.person, kept.disabled_at) == ("wang", None)
    assert tokens.find_by_hash(tx, "hash-1", 3) is None
    registry.put_people(tx, [WANG, Person("li", "李雷")], 4, replace=True)
    assert users.find_by_person(tx, "li") == []


def test_the_only_administrator_keeps_the_account_but_not_the_person(tx: Connection) -> None:
    registry.put_people(tx, [LI], 1)
    users.create(tx, User("admin", "李伟", "administrator", person="li"))

    registry.put_people(tx, [], 2, replace=True)

    assert [(one.id, one.person) for one in users.other_administrators(tx, "")] == [("admin", None)]
