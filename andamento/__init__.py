"""The roof: command line, settings and wiring; the only room where db, service and runner meet."""
