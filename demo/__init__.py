"""The outside world for tests and the demo: nothing here imports the product."""
