"""Pixels of the sky, and the maps on them.

Pixels: `sphere` has directions as unit vectors, `tangent_plane` the plane of a gnomonic projection,
`solid_angles` the equations for sizes of pixels. `pixelgrid` puts these together: the positions and
sizes of the pixels of a WCS. `wcs` keeps a grid as coordinates of a Dataset, and `positions` gives
its sky positions and solid angles. Folder `healpix` has the same for the cells of HEALPix, and
`grid` whichever of the two kinds maps have.

Maps: `in_memory` makes them from arrays, with `arrays` and `axes` for values and energies.
`coarsening` joins pixels, `smoothing` spreads values, and `value_warnings` warns of odd values.
Folder `given` has the pixels that arguments tell of; folder `regridding` finds the pixels of one
grid in another one, and interpolates to other pixels; folder `indexing` selects by coordinates and
positions; folder `world` reads world coordinates.
"""
