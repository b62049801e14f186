"""Definitions of topics with wildcards."""

from __future__ import annotations

from ingest.definitions import Definitions, DefinitionUpdate, EntityDefinition


def test_a_state_topic_may_be_a_filter() -> None:
    known, about = Definitions(), EntityDefinition("+/+/BTtoMQTT/AA", "binary_sensor", ("AA",))
    every = EntityDefinition("z/#", "sensor", ("z",))
    known.apply(DefinitionUpdate("config", (about,)))
    known.apply(DefinitionUpdate("other", (every,)))
    found = [list(known.for_topic(topic)) for topic in ("home/omg/BTtoMQTT/AA", "home/omg/BTtoMQTT/BB", "z/1/2")]
    known.apply(DefinitionUpdate("config"))
    known.apply(DefinitionUpdate("other"))

    assert [[about], [], [every]] == found
    assert [[], []] == [list(known.for_topic(topic)) for topic in ("home/omg/BTtoMQTT/AA", "z/1")]


def test_two_filters_with_one_last_level_are_removed_one_by_one() -> None:
    known = Definitions()
    one, other = (EntityDefinition(f"{root}/+/state", "binary_sensor", (root,)) for root in ("a", "b"))
    known.apply(DefinitionUpdate("first", (one,)))
    known.apply(DefinitionUpdate("second", (other,)))
    known.apply(DefinitionUpdate("first"))

    assert [[], [other]] == [list(known.for_topic(topic)) for topic in ("a/x/state", "b/x/state")]
