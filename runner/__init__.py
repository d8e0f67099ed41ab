"""The runner: claims sessions, gives each to a worker process, and writes their facts."""
