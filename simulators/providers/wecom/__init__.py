"""A server that speaks WeCom's API."""
