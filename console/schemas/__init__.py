"""The answers of the API, each a typed struct: what is written to JSON and what the OpenAPI document describes.

`Timestamp` marks a time (console.timestamps). A field that may be missing is `UNSET`; one that may be null says so.
"""
