"""FITS files, tables and cubes, whichever tool wrote them."""
