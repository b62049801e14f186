"""A simulated Aliyun SMS service."""
