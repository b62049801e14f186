"""Every fault of a rulebook that the rules word has a Chinese sentence for the editor."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
TEMPLATES: Final = ROOT / "console" / "web" / "src" / "i18n" / "zh" / "rule-faults.json"
FOLDERS: Final = ("rules/language", "rules/rulebook", "rules/trials")
FAULTS: Final = ("ExpressionError", "ValueError", "Fault")
BLANK: Final = "\0"
"""Stands for what a sentence has in a blank."""
GENERIC: Final = {"{a}: write {b}", "write {a}", "{a} (found {b})", "{a} (found {b}): {c}", "column {n}: {fault}"}
"""These fit parts of sentences, and no sentence is only one of them."""


def sentence(node: ast.expr) -> str | None:
    """A text, with BLANK where a value stands."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else BLANK for part in node.values)
    return None


def sentences(path: Path) -> Iterator[str]:
    """What the module gives to a fault, or yields as one."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        texts: list[ast.expr] = []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FAULTS:
            texts = node.args
        elif isinstance(node, ast.Yield) and node.value is not None:
            texts = [node.value]
        for text in filter(None, map(sentence, texts)):
            if re.search("[a-z] ", text.replace(BLANK, "")):
                yield text


FOUND: Final = sorted({text for folder in FOLDERS for path in (ROOT / folder).glob("*.py") for text in sentences(path)})


def pattern(template: str) -> re.Pattern[str]:
    return re.compile("(.+?)".join(map(re.escape, re.split(r"\{\w+\}", template))), re.DOTALL)


def test_the_sentences_are_found() -> None:
    assert len(FOUND) > 40


def test_every_fault_has_a_chinese_sentence() -> None:
    patterns = [pattern(english) for english, _ in json.loads(TEMPLATES.read_text("utf-8")) if english not in GENERIC]
    assert [text for text in FOUND if not any(one.fullmatch(text) for one in patterns)] == []


def test_no_sentence_stands_twice() -> None:
    texts = [english for english, _ in json.loads(TEMPLATES.read_text("utf-8"))]
    assert sorted(texts) == sorted(set(texts))
