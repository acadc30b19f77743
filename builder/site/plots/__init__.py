"""Computes the positions of ticks, lines and shades in the report's plots; the templates turn them into SVG."""
