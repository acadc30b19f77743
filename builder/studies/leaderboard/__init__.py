"""`python build.py leaderboard`: the site's networks side by side."""
