"""Simulated Tencent Cloud SMS and voice services."""
