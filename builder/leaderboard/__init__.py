"""Several networks of one build in one table: what they know, what they cost, and how each compares with the first."""

from __future__ import annotations

BOARD = "leaderboard.json"
SCHEMA = "leaderboard.schema.json"
TIMES = "times.json"
# As the ISIC 2018 challenge ranks answers among these seven kinds: the rare ones count as much as the common ones.
RANKED_BY = "balanced_accuracy"
