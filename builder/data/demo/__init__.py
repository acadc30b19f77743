"""Drawn photos of seven kinds of lesion, for a build without data."""
