"""The engine in Apache Flink: keyed process functions around the hosts of `rules.hosts.keyed`. PyFlink is needed here
only, in an environment of its own (docs/scale.md).
"""
