"""Users are found by name, by subject and by person; the last administrator is known."""

from __future__ import annotations

from sqlalchemy import Connection

from store.database.system import users
from store.database.system.users import User


def test_users_are_found_by_name_subject_and_person(tx: Connection) -> None:
    li = User("li", "李四", "operator", "b3", "w-li", "$argon2id$x", True, "sub-1", None, 5)
    users.create(tx, li)
    users.create(tx, User("li2", "李四（备）", "viewer", person="w-li", disabled_at=9))
    assert users.get(tx, "li") == users.find_by_subject(tx, "sub-1") == li
    assert users.find_by_person(tx, "w-li") == [li]
    assert [one.id for one in users.list_users(tx)] == ["li", "li2"]
    assert users.count(tx) == 2
    assert users.change(tx, "li", role="dispatcher")
    assert not users.change(tx, "nobody", role="dispatcher")
    assert users.remove(tx, "li")
    assert users.get(tx, "li") is None
    assert not users.remove(tx, "li")


def test_only_an_enabled_administrator_of_the_whole_site_is_another_one(tx: Connection) -> None:
    users.create(tx, User("a", "甲", "administrator"))
    users.create(tx, User("b", "乙", "administrator", place="b3"))
    users.create(tx, User("c", "丙", "administrator", disabled_at=1))
    assert users.other_administrators(tx, "a") == []
    users.create(tx, User("d", "丁", "administrator"))
    assert [one.id for one in users.other_administrators(tx, "a")] == ["d"]


def test_a_password_is_replaced_only_where_it_is_still_the_one_that_was_checked(tx: Connection) -> None:
    users.create(tx, User("li", "李四", "operator", password="$one", created_at=5))
    read = users.get(tx, "li")
    assert read is not None
    assert users.is_unchanged(tx, read)
    assert users.replace_password(tx, "li", "$one", password="$two", password_at=6)
    assert not users.replace_password(tx, "li", "$one", password="$three")
    assert not users.is_unchanged(tx, read)
    disabled = User("wei", "魏", "viewer", disabled_at=7)
    users.create(tx, disabled)
    assert not users.is_unchanged(tx, disabled)
    assert not users.is_unchanged(tx, User("nobody", "无", "viewer"))
