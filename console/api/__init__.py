"""The HTTP API of design section 4 on FastAPI; one file an endpoint family."""

from __future__ import annotations

from console.api.application import create_app

__all__ = ["create_app"]
