"""The page in the engines that visitors have: one set of tests, and one driver for each engine behind one interface."""
