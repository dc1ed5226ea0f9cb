"""Recording: it notes what happens while a request runs, and keeps a part of it. Showing it is done elsewhere."""
