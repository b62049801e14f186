"""The roster: who is on duty for a cell, in a role, at an instant."""
