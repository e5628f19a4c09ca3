"""Which cells of HEALPix belong to which bin.

`levels` looks at coarse cells first, and opens those that edges of bins cross; `judges` tells
which these are, for bins of each kind. `arithmetic` finds boxes along meridians and parallels, and
circles. `subcells` gives shares of cells. `cell_search` puts the cells in the order of a map, as
`runs` of cells that follow each other.
"""
