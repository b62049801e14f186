"""What a score looks like: lines of a terminal, JSON, and a page. Pure."""
