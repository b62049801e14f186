"""A simulated InfluxDB, versions 1.8 and 2.8: the v2 write API and Flux queries, with the answers of the real servers.

Written from the sources of InfluxDB (branches 1.8 and 2.8: `models/points.go`, `tsdb/field_validator.go`,
`coordinator/points_writer.go`, `services/httpd/handler.go`, `http/write_handler.go`) and of Flux (`csv/result.go`).
"""
