"""What the three Datasets are: names, variables, axes, units, checks, and their history.

Every name of a dimension, coordinate, attribute and unit stands once, in `names`; every variable
with its dims, unit and kind in the tables of `variables`. The other folders read them from here.
`written_units` reads units as people write them.
"""
