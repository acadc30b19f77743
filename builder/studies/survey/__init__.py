"""`python build.py data SOURCE`: what a data set holds, before anybody trains on it."""
