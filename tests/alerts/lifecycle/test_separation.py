"""Two people on one login are told apart only where both proved who they are."""

from __future__ import annotations

import pytest

from alerts.alert import Actor, ResponseSource
from alerts.lifecycle.separation import is_same_performer, shared_principal

TOKEN = "t-1"


def actor(person: str, principal: str = "") -> Actor:
    return Actor(person, person, ResponseSource.API, principal=principal)


@pytest.mark.parametrize(
    ("who", "earlier", "same"),
    [
        (actor("li"), None, False),
        (actor("li"), "li", True),
        (actor("li"), "wang", False),
        (actor("li", TOKEN), TOKEN, True),
        (actor("li", TOKEN), "li", True),
        (actor("li", shared_principal(TOKEN, "li")), shared_principal(TOKEN, "wang"), False),
        (actor("li", shared_principal(TOKEN, "li")), shared_principal(TOKEN, "li"), True),
        (actor("li", shared_principal(TOKEN, "li")), TOKEN, True),
        (actor(TOKEN, TOKEN), shared_principal(TOKEN, "wang"), True),
        (actor("li", shared_principal(TOKEN, "li")), "t-2", False),
    ],
)
def test_who_may_be_the_same(who: Actor, earlier: str | None, same: bool) -> None:
    assert is_same_performer(who, earlier) is same
