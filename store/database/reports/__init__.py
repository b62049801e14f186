"""Reports of citizens, photos of alerts, and the codes of places in the relational store."""
