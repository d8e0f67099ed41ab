"""Benchmarks: figures in ratios to a peer in the same run, since machines differ."""
