"""Line protocol as InfluxDB parses it, with examples from its own tests (`models/points_test.go`)."""

from __future__ import annotations

import pytest

from simulators.providers.influxdb.points import PointError, parse_point, parse_points


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('cpu,host=serverA value="disk full" 1000', {"value": "disk full"}),
        (r'cpu value="a \"b\" \\ c" 1000', {"value": r'a "b" \ c'}),
        ("cpu,regions=east\\,west value=1,free=t,n=3i 1000", {"value": 1.0, "free": True, "n": 3}),
        ('cpu value="two\nlines" 1000', {"value": "two\nlines"}),
        ("cpu value=1e3", {"value": 1000.0}),
    ],
)
def test_points(line: str, fields: dict[str, object]) -> None:
    points, unparsed = parse_points(line, "ms", 7)
    assert unparsed == ""
    assert points[0].fields == fields
    assert points[0].at_ns == (1_000_000_000 if line.endswith("1000") else 7)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",host=a value=1", "missing measurement"),
        ("cpu,host= value=1", "missing tag value"),
        ("cpu,host=a,host=b value=1", "duplicate tags"),
        ("cpu,host value=1", "invalid tag format"),
        ("cpu", "missing fields"),
        ("cpu value=", "missing field value"),
        ("cpu value=1,b", "invalid field format"),
        ('cpu value="open', "unbalanced quotes"),
        ("cpu value=1x", "invalid number"),
        ("cpu value=nan", "invalid number"),
        ("cpu value=maybe", "invalid boolean"),
        ("cpu value=9223372036854775808i", "unable to parse integer 9223372036854775808"),
        ("cpu value=1 12x", "bad timestamp"),
        ("cpu value=1 9223372036854775807", "time outside range -9223372036854775806 - 9223372036854775806"),
        (f"{'c' * 65_536} value=1", "max key length exceeded: 65536 > 65535"),
        (f"{'c' * 65_530} value=1", "max key length exceeded: 65539 > 65535"),
    ],
)
def test_what_cannot_be_parsed_is_said_in_the_servers_words(line: str, said: str) -> None:
    with pytest.raises(PointError, match=said):
        parse_point(line, "ns", 0)


def test_all_unparsed_lines_are_in_one_sentence_and_comments_are_skipped() -> None:
    points, unparsed = parse_points("# note\n\na value=1 1\nb 1\nc value=x 1", "s", 0)
    assert [point.key for point in points] == ["a"]
    assert unparsed.split("\n") == [
        "unable to parse 'b 1': invalid field format",
        "unable to parse 'c value=x 1': invalid boolean",
    ]
