"""Decodes raw payloads with the codec of their model, and suspends a codec that hits its limits repeatedly.

Suspension is measured by the times of reception of the messages, so that a replay suspends where the live run did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from domain import MINUTE, Instant
from ingest.codecs import Codec, CodecFailed, DecodeCall, Decoded
from ingest.codecs.process import KILLED, CodecProcess
from ingest.codecs.registry import CodecRegistry
from ingest.codecs.worker import LIMIT_HITS_MAX, LOAD_ONLY, SUSPENDED
from ingest.formats.json_payload import read_json

SUSPENSION_MS: Final = MINUTE


class _LimitHits(Struct):
    """Consecutive calls of one codec that hit a limit."""

    count: int = 0
    suspended_until: Instant = 0


class CodecRuntime:
    """The codecs of a site. `registry` may be replaced at any time: the next call uses the new one."""

    def __init__(self, registry: CodecRegistry | None = None, process: CodecProcess | None = None) -> None:
        self.registry = registry or CodecRegistry()
        self._process = process or CodecProcess()
        self._limit_hits: dict[str, _LimitHits] = {}
        """By codec version."""

    def find(self, *models: str | None) -> Codec | None:
        """The codec of the first of these models that has one."""
        return self.registry.find(*models)

    @property
    def versions(self) -> dict[str, str]:
        """The version of each codec."""
        return {f"codec {codec.name}": codec.version for codec in self.registry.codecs}

    def decode(self, calls: Sequence[DecodeCall]) -> list[Decoded | CodecFailed]:
        """One outcome a call, in order."""
        active = [call for call in calls if not self._is_suspended(call)] if self._limit_hits else calls
        answers = iter(self._process.run(active))
        if len(active) == len(calls):
            return [self._outcome(call, answer) for call, answer in zip(calls, answers, strict=True)]
        active_ids = set(map(id, active))
        return [self._outcome(call, next(answers) if id(call) in active_ids else SUSPENDED) for call in calls]

    def load_error(self, codec: Codec) -> str | None:
        """Why this codec cannot be loaded, or None. A call of a codec that can be loaded may still fail."""
        [answer] = self._process.run([DecodeCall(codec, b"", LOAD_ONLY, 0)])
        return None if answer == "=" else answer[1:].removeprefix("unusable: ")

    def _is_suspended(self, call: DecodeCall) -> bool:
        hits = self._limit_hits.get(call.codec.version)
        return hits is not None and call.received < hits.suspended_until

    def _outcome(self, call: DecodeCall, answer: str) -> Decoded | CodecFailed:
        if answer[0] == "?":
            if answer != SUSPENDED:
                self._record_limit_hit(call, killed=answer == KILLED)
            return CodecFailed(f"{call.codec.name}: {answer[1:]}", hit_limit=True)
        if self._limit_hits:
            self._limit_hits.pop(call.codec.version, None)
        return parse_answer(call.codec.name, answer)

    def _record_limit_hit(self, call: DecodeCall, killed: bool) -> None:
        """A call that ended its process suspends the codec at once."""
        hits = self._limit_hits.setdefault(call.codec.version, _LimitHits())
        hits.count += LIMIT_HITS_MAX if killed else 1
        if hits.count >= LIMIT_HITS_MAX:
            hits.suspended_until = call.received + SUSPENSION_MS

    def close(self) -> None:
        """End the codec process."""
        self._process.close()


def parse_answer(name: str, answer: str) -> Decoded | CodecFailed:
    """Parse an answer of QuickJsEngine.decode; `name` is the codec's.

    >>> parse_answer("em300", '={"leak": 1}'), parse_answer("em300", "!TypeError: …").detail
    (Decoded(fields={'leak': 1}, warnings=[]), 'em300: TypeError: …')
    """
    sign, content = answer[0], answer[1:]
    if sign == "!":
        error, _, partial_json = content.partition("\n")
        partial_fields = read_json(partial_json.encode()) if partial_json else None
        return CodecFailed(
            f"{name}: {error}", partial_fields=partial_fields if isinstance(partial_fields, dict) else {}
        )
    warnings_json, _, fields_json = content.partition("\n") if sign == "~" else ("[]", "", content)
    fields, warnings = read_json(fields_json.encode()), read_json(warnings_json.encode())
    if isinstance(fields, dict) and isinstance(warnings, list):
        return Decoded(fields, [str(warning) for warning in warnings])
    return CodecFailed(f"{name}: its result cannot be read")
