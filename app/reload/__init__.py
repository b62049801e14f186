"""Hot reload: rulebooks, kinds, mappings and codecs are replaced while the service runs."""
