"""Kafka and Flink as processes on this machine, for tests, measurements and the trial of deploy/scale."""
