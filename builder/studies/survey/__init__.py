"""`python build.py data SOURCE`: shows what a data set holds, before training."""
