"""Water meters and leak detectors of a town: what they report on ordinary days and in incidents."""
