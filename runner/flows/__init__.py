"""The automations that are shipped, one package or module each."""
