"""The order of the stages, the keys of their results, and the record of a build."""
