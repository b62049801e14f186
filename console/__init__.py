"""5. WATCH: the operations screen, the worker's page and the HTTP API."""
