"""1. INGEST: decodes messages of MQTT and HTTP to readings, or refuses them with a reason."""
