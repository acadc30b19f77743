"""Trained networks as folders in git: writes one from a finished build, and reads it for a site without training."""
