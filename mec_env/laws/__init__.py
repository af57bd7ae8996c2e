"""One room a choice: its names, its check, its kernel."""
