"""What platforms publish about their devices before the devices report: entities, units, words."""
