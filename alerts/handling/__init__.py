"""What findings, actions, replies and deadlines change: each in one transaction of the store."""
