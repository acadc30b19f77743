"""`python build.py evaluate SOURCE`: external validation of the site's networks on labelled photos."""
