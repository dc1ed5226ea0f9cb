"""What happens while a request runs, and what is kept of it when it has ended; nothing here shows anything."""
