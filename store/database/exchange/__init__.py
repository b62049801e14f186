"""Exchange with outside systems: events to send, their messages to each target, cases of others, and what came in."""
