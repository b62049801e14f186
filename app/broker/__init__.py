"""Access to an MQTT broker: ACL files and passwords of its users, certificates, and a check of the broker itself."""
