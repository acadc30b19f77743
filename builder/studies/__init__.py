"""Optional studies beside a build: leakage, folds, comparisons, searches, leaderboards, surveys of data."""
