"""Many photos: read from a source, grouped by lesion and stored as the networks see them."""
