"""What stands on the disk: whole or not at all, deleted by nobody but its maker, locked while it changes."""
