"""5. OPERATE: the HTTP API, the operations screen and the worker's page."""
