"""FITS world coordinate systems: types of axes, frames, distortions, and cards."""
