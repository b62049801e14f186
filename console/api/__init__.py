"""The HTTP API of design section 4 on FastAPI; one file an endpoint family."""
