"""From frames to readings, device events and refusals; pure."""
