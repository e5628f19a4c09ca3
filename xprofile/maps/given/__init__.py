"""The pixels that arrays are on, as arguments give them: of a WCS, or cells of HEALPix."""
