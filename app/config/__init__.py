"""Reads the files of a site into checked models; every fault names its file, line and column."""
