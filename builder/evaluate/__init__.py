"""Figures on the test part, with intervals over lesions, and the out-of-distribution detector."""
