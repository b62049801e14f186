"""What all endpoints share: requests, authorization, errors, cursors, static files."""
