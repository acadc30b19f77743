"""`python build.py leaderboard`: the site's networks side by side."""

TIMES = "times.json"  # what the clock leaves for the table
