"""The data set: photos read from a source, grouped by lesion, and stored in the networks' input size."""
