"""Figures of maps in HEALPix: the choice of a projection, and the cells on its screen pixels."""
