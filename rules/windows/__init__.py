"""Aggregates over event time: windows, baselines, trends."""
