"""Names of what an entry of the audit trail names by id."""

from __future__ import annotations

from console.views.audit_names import names_in
from domain import Person


def test_known_ids_of_actor_and_detail_get_names_and_other_words_none() -> None:
    people = {"w-2": Person("w-2", "张三")}
    detail = {"people": "w-2 w-9", "fields": "phone", "links": 2, "place": None}
    assert names_in("user:li", detail, people, {"user:li": "李四"}) == {"user:li": "李四", "w-2": "张三"}
    assert names_in("admin:5f", {}, people, {}) == {}
