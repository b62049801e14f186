"""Hot reload: rulebooks, kinds, mappings, codecs and the registry are replaced while the service runs."""
