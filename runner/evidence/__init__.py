"""The evidence of a failing screen: taken, masked, and kept for the operator.

1. `witness` is told of each page and decides, `capture` takes the parts, `veil` masks the page and
   `trace` the recording (with `exchange`'s notes of requests), both by the patterns of `mask`;
   `shelf` keeps it.
2. Nothing is imported here: who only lists evidence loads the shelf alone.
"""
