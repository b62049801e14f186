"""`python -m console` prints the OpenAPI document: from it the types of the pages are made (`make api`)."""

from __future__ import annotations

import json
import sys

from console.application import create_bare_app

json.dump(create_bare_app().openapi(), sys.stdout, ensure_ascii=False, indent=1)
