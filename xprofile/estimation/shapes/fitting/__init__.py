"""Fits of the parameters of a shape to rows of counts.

`rows` sorts binned data. `profiled` finds the best amplitudes, `problem` the statistic for given
other parameters, `search` the best parameters of all, and `errors` their errors and limits. `walls`
fits again where amplitudes run away.
"""
