"""Comparison of two profiles: `pairing` matches their bins, `correlating` correlates them."""
