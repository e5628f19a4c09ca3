"""Which pixels belong to which bin.

`finding` chooses the method. For bins on the sphere, `search` examines the pixels in the `tiles`
near the bins. For regions in the plane of the map, `planar` examines the pixels round each region.
The result is a `membership`: pairs of bin and pixel, and sums over them. The folder `healpix` finds
the cells of HEALPix maps.
"""
