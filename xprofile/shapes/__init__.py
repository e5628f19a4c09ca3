"""Shapes of bins that are measured by true angles on the sphere, one family a module."""
