"""The files of a site that others than its pages go by."""

REPORT = "report.json"
PREDICTIONS = "predictions.csv"
BOARD = "leaderboard.json"
BOARD_SCHEMA = "leaderboard.schema.json"
