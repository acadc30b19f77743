"""Figures on the test part, with intervals over lesions."""
