"""`python build.py search`: trials of settings on folds of lesions."""
