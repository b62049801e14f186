"""Receives MQTT messages and stores them in the journal: sessions, acknowledgements, back-pressure, recovery."""
