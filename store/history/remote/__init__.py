"""The history on a server that takes InfluxDB's line protocol."""
