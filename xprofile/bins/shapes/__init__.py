"""Shapes of bins: each can tell the bin of a direction, its outlines and its sky regions.

`shape` says what every shape offers. `boxes`, `rings` and `path` are measured by true angles on the
sphere, in the axes of `axes`; `regionlist` holds lists of astropy regions.
"""
