"""Tests of the chaos bench and, by it, of the product."""
