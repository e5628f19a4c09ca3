"""Upper limits of one norm with all others fitted, by methods that need the counts expected at 0.

`asimov` makes these counts, and `cls` the limits by CLs.
"""
