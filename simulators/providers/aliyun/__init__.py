"""A server that speaks Aliyun's SMS API."""
