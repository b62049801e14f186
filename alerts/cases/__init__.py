"""Cases that no device opened: requests to open them, and the step that turns one into an alert."""
