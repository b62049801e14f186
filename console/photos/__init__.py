"""Photos that people send: checked by decoding them in a process of its own, re-encoded, without metadata."""
