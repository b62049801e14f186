"""What lies under `--data DIR`: stores, credentials, lock and control socket."""
