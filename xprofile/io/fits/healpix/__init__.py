"""HEALPix maps in FITS tables: grids in headers, cells, columns of values, and how to write them.

Formats: GADF and Gammapy, the Fermi tools, GALPROP, and healpy. All of them have one row for each
cell, or for each run of cells, and columns of values.
"""
