"""`many_cases`: a thousand short cases as one test."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

SHOWN_MAX = 20


def many_cases(names: Sequence[str], cases: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Like `pytest.mark.parametrize(names, cases)`, as one test that fails with every case that failed, by its id.

    For hundreds of cases of less than a millisecond: as tests of their own each costs several, in collection, fixtures
    and reports. `cases` are tuples of values, or `pytest.param(..., id=...)`; fixtures are shared by all cases.
    """
    named = [(getattr(case, "id", None) or repr(case), tuple(getattr(case, "values", case))) for case in cases]
    assert named, "no case"

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(test)

        @wraps(test)
        def run(**fixtures: Any) -> None:
            failed: list[str] = []
            for name, values in named:
                try:
                    test(**fixtures, **dict(zip(names, values, strict=True)))
                except AssertionError as error:
                    failed.append(f"{name}: {error}")
            assert not failed, f"{len(failed)} of {len(named)} cases failed:\n" + "\n\n".join(failed[:SHOWN_MAX])

        kept = [each for name, each in signature.parameters.items() if name not in names]
        run.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return run

    return decorate
