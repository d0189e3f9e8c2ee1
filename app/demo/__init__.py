"""A synthetic city calibrated to the figures of a real one, loaded through the commands of production."""
