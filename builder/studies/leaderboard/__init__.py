"""`python build.py leaderboard`: compares the site's networks."""

TIMES = "times.json"  # what the clock leaves for the table
