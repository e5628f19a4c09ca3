"""Reading of maps from the HDUs of FITS files: images with a WCS, and HEALPix tables."""
