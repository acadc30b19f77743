"""The names of the site's files that other programs use."""

REPORT = "report.json"
PREDICTIONS = "predictions.csv"
BOARD = "leaderboard.json"
BOARD_SCHEMA = "leaderboard.schema.json"
