"""The quote flow: answers, catalogue, browser and the journey, against the replica."""
