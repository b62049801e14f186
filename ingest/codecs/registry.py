"""Which codec speaks for which model: the files of a `codecs.d` folder and its bindings.yaml. It opens no file.

A file speaks for the model of its own name (`em300-sld.js` for `EM300-SLD`); bindings.yaml names further models:

    codecs:
      em300.js: {models: [EM300-SLD, EM300-ZLD]}
      pulse.js: {models: [Pulse 10 L], variables: {litres_per_pulse: 10}}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from domain import Fault
from ingest.codecs import Codec

BINDINGS_FILE = "bindings.yaml"
CODEC_SUFFIXES = (".js", ".cjs", ".mjs")


class Binding(BaseModel):
    """The models one file speaks for, beside the one it is named after, and what every call is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: list[str] = Field(default_factory=list)
    variables: dict[str, Any] = Field(default_factory=dict)


class BindingBook(BaseModel):
    """The shape of codecs.d/bindings.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    codecs: dict[str, Binding] = Field(default_factory=dict)


def normalise_model(model: str) -> str:
    """A model's name as it is compared: `EM300-SLD`, `em300_sld` and `EM300 SLD` are one.

    >>> normalise_model("EM300-SLD"), normalise_model("门磁 X1")
    ('em300sld', '门磁x1')
    """
    return "".join(letter for letter in model.casefold() if letter.isalnum())


class CodecRegistry:
    """Every codec, and who it speaks for."""

    def __init__(self, codecs: Iterable[tuple[Codec, Iterable[str]]] = ()) -> None:
        self._by_model: dict[str, Codec] = {}
        self._found: dict[tuple[str | None, ...], Codec | None] = {}
        self.codecs: list[Codec] = []
        for codec, models in codecs:
            self.codecs.append(codec)
            self._by_model.update({normalise_model(model): codec for model in models})

    def find(self, *models: str | None) -> Codec | None:
        """The codec of the first of these models that has one."""
        if models not in self._found:
            if len(self._found) >= 10_000:
                self._found.clear()
            named = (self._by_model.get(normalise_model(model)) for model in models if model)
            self._found[models] = next((codec for codec in named if codec is not None), None)
        return self._found[models]


def build_registry(files: Mapping[str, bytes], book: BindingBook) -> CodecRegistry:
    """The shelf of these files (`name.js` -> its bytes). A model that bindings.yaml names belongs to whom it says."""
    by_name = {
        name: (make_codec(name, content, book.codecs.get(name)), [_stem(name)]) for name, content in files.items()
    }
    by_book = [(by_name[name][0], binding.models) for name, binding in book.codecs.items() if name in by_name]
    shelf = CodecRegistry([*by_name.values(), *by_book])
    shelf.codecs = [codec for codec, _ in by_name.values()]
    return shelf


def make_codec(name: str, content: bytes, binding: Binding | None = None) -> Codec:
    """The codec of one file; its version changes with its bytes and its variables."""
    variables = msgspec.json.encode(binding.variables if binding else {}).decode()
    version = hashlib.sha256(content + variables.encode()).hexdigest()[:12]
    return Codec(name, content.decode("utf-8-sig", "replace"), version, variables)


def _stem(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in CODEC_SUFFIXES if name.endswith(suffix)), name)


def check_bindings(files: Iterable[str], book: BindingBook) -> list[Fault]:
    """Bindings of files that are not there, and models that two files claim."""
    known, owner = set(files), dict[str, str]()
    faults: list[Fault] = []
    for name, binding in book.codecs.items():
        if name not in known:
            there = ", ".join(sorted(known)) or "no codec"
            faults.append(Fault(("codecs", name), f"there is no such file beside bindings.yaml: there is {there}"))
        for index, model in enumerate(binding.models):
            other = owner.setdefault(normalise_model(model), name)
            if other != name:
                where = ("codecs", name, "models", index)
                faults.append(Fault(where, f"{model!r} is bound to {other} already: name one of them"))
    return faults


def describe_changes(before: CodecRegistry, after: CodecRegistry) -> list[str]:
    """What a new shelf does otherwise, one line a codec.

    >>> old, new = Codec("a.js", "1", "v1"), Codec("a.js", "2", "v2")
    >>> describe_changes(CodecRegistry([(old, ["a"])]), CodecRegistry([(new, ["a"]), (Codec("b.js", "", "v1"), ["b"])]))
    ['a.js: v1 is now v2', 'b.js: new, v1']
    """
    old = {codec.name: codec.version for codec in before.codecs}
    new = {codec.name: codec.version for codec in after.codecs}
    told = [f"{name}: {old[name]} is now {new[name]}" for name in old if name in new and old[name] != new[name]]
    told += [f"{name}: new, {version}" for name, version in new.items() if name not in old]
    return told + [f"{name}: gone" for name in old if name not in new]
