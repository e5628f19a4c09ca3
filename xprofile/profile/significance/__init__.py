"""Tests of a profile by toys: `p_values` of bins, `most_significant` bin, and `goodness` of fit.

`same_settings` warns of toys with a signal or another background.
"""
