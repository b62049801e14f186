"""The days of elders: what their wristbands, doors, motion sensors and buttons measure, and their incidents."""
