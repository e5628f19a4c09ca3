"""Figures of models that were fitted to bins.

`templates` shows the sum of templates and each of them, `shapes` draws a shape over a profile, and
`panels` makes the axes of residuals below.
"""
