"""Which platform a topic belongs to."""
