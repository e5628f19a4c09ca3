"""Pixels of the sky and the maps on them.

`sphere` measures directions, `pixelgrid` knows where the pixels of a WCS are and how large, `wcs`
keeps both as coordinates of a Dataset. `in_memory` makes maps from arrays; `coarsening`,
`smoothing` and `regrid` put them on other pixels or spread them; `values` looks for odd values.
"""
