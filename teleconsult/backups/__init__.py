"""Backup of a whole installation into one encrypted archive, and the way back. See docs/backup.md."""
