"""Waits until a phone of `fengshao up --demo` shows a text, and prints it.

Usage: first-text.py PID LOG [PORT]. Ends with 1 when the process PID ends before, or after 15 minutes.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.request

WITHIN_S = 900


def main() -> int:
    """The exit code."""
    process, log, port = int(sys.argv[1]), sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else "8080"
    begun = time.monotonic()
    while time.monotonic() - begun < WITHIN_S:
        time.sleep(1)
        os.kill(process, 0)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/demo/phones", timeout=5) as answer:
                texts = json.load(answer)["items"]
        except OSError:
            continue
        if texts:
            print(f"a text after {time.monotonic() - begun:.0f} s: {json.dumps(texts[0], ensure_ascii=False)}")
            return 0
    print(f"no text within {WITHIN_S} s; see {log}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
