"""Names and phones of residents are masked."""

from __future__ import annotations

from console.security.masking import mask_name, mask_person, mask_phone


def test_names_and_phones_are_masked() -> None:
    assert (mask_name("王小明"), mask_name("王")) == ("王**", "王")
    assert mask_phone("19900000001") == "199****0001"
    assert mask_phone("110") == "***"
    assert mask_phone(None) is None


def test_a_workers_name_stays_and_a_residents_attributes_go() -> None:
    view = {
        "name": "李四",
        "phone": "19900000001",
        "wecom": "lisi",
        "attributes": {"age": 81},
        "addresses": {"email": "li@a.cn"},
    }

    worker = mask_person(view, is_resident=False)
    resident = mask_person(view, is_resident=True)

    hidden = {"phone": "199****0001", "wecom": None, "addresses": {}}
    assert worker == {"name": "李四", "attributes": {"age": 81}, **hidden}
    assert resident == {"name": "李*", "attributes": {}, **hidden}
