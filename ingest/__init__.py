"""1. LISTEN: bytes from MQTT become Readings, or a refusal with its reason."""
