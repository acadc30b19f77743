"""Files on disk: written atomically, deleted only by the program that made them, and locked while they change."""
