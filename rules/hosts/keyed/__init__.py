"""The engine for hosts that keep the state of each key apart (stream processors). Pure; `rules.hosts.flink` runs it."""
