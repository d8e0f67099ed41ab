"""`make soak`: half an hour of everyday traffic, to see what grows, what leaks and what is lost."""
