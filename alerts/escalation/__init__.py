"""Who is told next: the ladder, the roster, and the notices about dangers that joined."""
