"""A server that speaks SMTP submission."""
