"""Simulated InfluxDB servers, with the answers of the real ones: versions 1.8 and 2.8 (server.py: the v2 write API and
Flux queries), and 3 Core (server3.py: the v3 write API and SQL).

Written from the sources of InfluxDB (branches 1.8 and 2.8: `models/points.go`, `tsdb/field_validator.go`,
`coordinator/points_writer.go`, `services/httpd/handler.go`, `http/write_handler.go`; branch main, which is 3:
`influxdb3_server/src/http.rs`, `influxdb3_write/src/write_buffer`) and of Flux (`csv/result.go`).
"""
