"""What is asked beside a build: leakage, folds, comparisons, searches, leaderboards, surveys of data."""
