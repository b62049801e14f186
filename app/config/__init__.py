"""Files that people write become checked models; every fault names its file, line and column."""
