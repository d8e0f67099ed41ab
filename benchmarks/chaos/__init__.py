"""Chaos: sessions run while what carries them is killed, stopped and starved; then the verdict."""
