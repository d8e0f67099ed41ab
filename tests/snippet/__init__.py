"""The snippet in a real browser, against a service that misbehaves on request."""
