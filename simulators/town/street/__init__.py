"""Bins, lamp posts, cameras for falling objects, detectors of e-bikes in lifts, and gateways."""
