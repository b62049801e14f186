"""Which codec decodes which model."""

from __future__ import annotations

from domain import Fault
from ingest.codecs.registry import Binding, BindingBook, build_registry, check_bindings
from ingest.codecs.runtime import CodecRuntime


def test_a_model_finds_its_codec_by_the_name_of_the_file_or_by_the_bindings(codecs: CodecRuntime) -> None:
    found = [
        codecs.find("LEAK"),
        codecs.find("lk 2"),
        codecs.find(None, "Pulse Counter 10 L"),
        codecs.find("x"),
        codecs.find(),
    ]

    assert ["leak.js", "leak.js", "pulse.js", None, None] == [codec and codec.name for codec in found]


def test_the_cache_of_model_lookups_is_bounded() -> None:
    shelf = build_registry({"a": b"", "b.js": b""}, BindingBook(codecs={"gone.js": Binding(models=["B"])}))
    codecs = [shelf.find(f"model {number}", "B") for number in [*range(10_001), 0]]

    assert {"b.js"} == {codec.name for codec in codecs if codec}
    assert shelf.find("a") is shelf.codecs[0]


def test_invalid_bindings_are_reported_at_their_position() -> None:
    book = BindingBook(codecs={"a.js": Binding(models=["M-1"]), "b.js": Binding(models=["m1"]), "c.js": Binding()})

    assert [
        Fault(("codecs", "b.js", "models", 0), "'m1' is bound to a.js already: name one of them"),
        Fault(("codecs", "c.js"), "there is no such file beside bindings.yaml: there is a.js, b.js"),
    ] == check_bindings(["a.js", "b.js"], book)
