"""Beyond one machine: ingest workers that write to Kafka, and the registry as events of the rules' keys."""
