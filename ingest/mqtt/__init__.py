"""From an MQTT broker into the journal: sessions, acknowledgement, back-pressure, recovery."""
