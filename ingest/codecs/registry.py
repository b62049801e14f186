"""Which codec decodes which model: the files of a `codecs.d` folder and its bindings.yaml, given as bytes.

A file decodes the model of its own name (`em300-sld.js` for `EM300-SLD`); bindings.yaml names further models:

    codecs:
      em300.js: {models: [EM300-SLD, EM300-ZLD]}
      pulse.js: {models: [Pulse 10 L], variables: {litres_per_pulse: 10}}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from domain import Fault
from ingest.codecs import Codec

BINDINGS_FILE = "bindings.yaml"
CODEC_SUFFIXES = (".js", ".cjs", ".mjs")
CACHED_LOOKUPS_MAX: Final = 10_000


class Binding(BaseModel):
    """The models that a file decodes beside the one it is named after, and the variables passed to every call."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: list[str] = Field(default_factory=list)
    variables: dict[str, Any] = Field(default_factory=dict)


class BindingBook(BaseModel):
    """Schema of codecs.d/bindings.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    codecs: dict[str, Binding] = Field(default_factory=dict)


def normalise_model(model: str) -> str:
    """A model name in the form that is compared: `EM300-SLD`, `em300_sld` and `EM300 SLD` are equal.

    >>> normalise_model("EM300-SLD"), normalise_model("门磁 X1")
    ('em300sld', '门磁x1')
    """
    return "".join(letter for letter in model.casefold() if letter.isalnum())


class CodecRegistry:
    """Every codec, and the models that it decodes."""

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
            if len(self._found) >= CACHED_LOOKUPS_MAX:
                self._found.clear()
            candidates = (self._by_model.get(normalise_model(model)) for model in models if model)
            self._found[models] = next((codec for codec in candidates if codec is not None), None)
        return self._found[models]


def build_registry(files: Mapping[str, bytes], book: BindingBook) -> CodecRegistry:
    """The registry of these files (`name.js` -> its bytes). A binding takes precedence over a file name."""
    codecs = {name: make_codec(name, content, book.codecs.get(name)) for name, content in files.items()}
    by_file_name = [(codec, [_stem(name)]) for name, codec in codecs.items()]
    by_binding = [(codecs[name], binding.models) for name, binding in book.codecs.items() if name in codecs]
    registry = CodecRegistry([*by_file_name, *by_binding])
    registry.codecs = list(codecs.values())
    return registry


def make_codec(name: str, content: bytes, binding: Binding | None = None) -> Codec:
    """The codec of one file. Its version changes with its bytes and its variables."""
    variables = msgspec.json.encode(binding.variables if binding else {}).decode()
    version = hashlib.sha256(content + variables.encode()).hexdigest()[:12]
    return Codec(name, content.decode("utf-8-sig", "replace"), version, variables)


def _stem(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in CODEC_SUFFIXES if name.endswith(suffix)), name)


def check_bindings(files: Iterable[str], book: BindingBook) -> list[Fault]:
    """Bindings of missing files, and models that two files claim."""
    names, owner_of_model = set(files), dict[str, str]()
    faults: list[Fault] = []
    for name, binding in book.codecs.items():
        if name not in names:
            existing = ", ".join(sorted(names)) or "no codec"
            faults.append(Fault(("codecs", name), f"there is no such file beside bindings.yaml: there is {existing}"))
        for index, model in enumerate(binding.models):
            owner = owner_of_model.setdefault(normalise_model(model), name)
            if owner != name:
                path = ("codecs", name, "models", index)
                faults.append(Fault(path, f"{model!r} is bound to {owner} already: name one of them"))
    return faults


def describe_changes(before: CodecRegistry, after: CodecRegistry) -> list[str]:
    """What changed between two registries, one line a codec.

    >>> old, new = Codec("a.js", "1", "v1"), Codec("a.js", "2", "v2")
    >>> describe_changes(
    ...     CodecRegistry([(old, ["a"])]), CodecRegistry([(new, ["a"]), (Codec("b.js", "", "v1"), ["b"])])
    ... )
    ['a.js: v1 is now v2', 'b.js: new, v1']
    """
    old = {codec.name: codec.version for codec in before.codecs}
    new = {codec.name: codec.version for codec in after.codecs}
    lines = [f"{name}: {old[name]} is now {new[name]}" for name in old if name in new and old[name] != new[name]]
    lines += [f"{name}: new, {version}" for name, version in new.items() if name not in old]
    return lines + [f"{name}: gone" for name in old if name not in new]
