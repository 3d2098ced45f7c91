"""Records become openDS drafts: every Darwin Core term has its place."""
