"""A server that speaks the API of WeChat service accounts (公众号服务号)."""
