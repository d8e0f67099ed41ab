"""Tests of the runner: real database files and real child processes."""
