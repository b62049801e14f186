"""Hosts run the engine. Each promises: one event at a time, time never goes back, every wake-up kept."""
