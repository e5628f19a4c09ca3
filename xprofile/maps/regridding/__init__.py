"""Values of maps on the pixels of other maps."""
