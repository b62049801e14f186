"""What `fengshao check` reports about a site folder before it runs."""
