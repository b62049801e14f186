"""What is said of a part of the service that cannot be used has a Chinese sentence for the page of its health."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.rules.rulebook.test_fault_sentences import BLANK, ROOT, pattern, sentence

TEMPLATES: Final = ROOT / "console" / "web" / "src" / "i18n" / "zh" / "system-faults.json"
RAISED: Final = {
    "app/config/secrets.py": {"__init__"},
    "app/server/access.py": {"OidcMisconfigured"},
    "app/server/channels.py": {"ChannelNotConfigured"},
    "app/server/message_channels.py": {"UnusableSecret"},
    "app/server/exchange.py": {"WeakSecret"},
    "app/datadir/credentials.py": {"WeakToken"},
    "app/broker/tls.py": {"InvalidCertificate"},
}
"""File -> whose arguments are sentences that `settings-refused` and the page of the system show (decision 0089)."""
RETURNED: Final = {"alerts/cases/canary.py": "canary_problem", "alerts/channels/cloudevents.py": "secret_fault"}
"""File -> the function whose results are sentences."""


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def raised(path: Path, names: set[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and _name(node) in names:
            yield from filter(None, map(sentence, node.args))


def returned(path: Path, name: str) -> Iterator[str]:
    for function in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(function, ast.FunctionDef) and function.name == name:
            for node in ast.walk(function):
                for value in [node.value] if isinstance(node, ast.Return) and node.value is not None else []:
                    found = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
                    yield from filter(None, map(sentence, found))


FOUND: Final = sorted(
    text
    for text in (
        *(text for file, names in RAISED.items() for text in raised(ROOT / file, names)),
        *(text for file, name in RETURNED.items() for text in returned(ROOT / file, name)),
    )
    if re.search("[a-z]{2}", text) and text != f"not {BLANK}"
)


def test_the_sentences_are_found() -> None:
    assert len(FOUND) >= 10
    assert any(BLANK in text for text in FOUND)


def test_every_sentence_has_a_chinese_one() -> None:
    patterns = [pattern(english) for english, _ in json.loads(TEMPLATES.read_text("utf-8"))]
    assert [text for text in FOUND if not any(one.fullmatch(text) for one in patterns)] == []


def test_the_steps_of_a_self_test_that_are_missing_have_one_each() -> None:
    known = {english for english, _ in json.loads(TEMPLATES.read_text("utf-8"))}
    assert {f"not {step}" for step in ("received", "opened", "sent")} <= known


def test_no_sentence_stands_twice() -> None:
    texts = [english for english, _ in json.loads(TEMPLATES.read_text("utf-8"))]
    assert sorted(texts) == sorted(set(texts))
