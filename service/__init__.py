"""The service: takes requests, and streams and summarises what the log holds."""
