"""What a user would pick instead: small programs, each written as everybody writes it."""
