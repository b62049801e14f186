"""Shared by all endpoints: requests, responses, authorization, errors, page cursors, static files."""
