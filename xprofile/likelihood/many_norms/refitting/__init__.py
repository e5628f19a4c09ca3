"""Fits of all other norms with one norm fixed, or moved until the statistic has risen.

`refits` does it by Newton's method, and `neighbours` for one norm and those near it alone. `every`
takes all norms of all problems in turn, and reports how many are done.
"""
