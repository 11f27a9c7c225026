"""A generation and its sources into one archive, verified, and back."""

from kb.archiving.backing_up import Backup, back_up
from kb.archiving.restoring import Restored, restore

__all__ = ["Backup", "Restored", "back_up", "restore"]
