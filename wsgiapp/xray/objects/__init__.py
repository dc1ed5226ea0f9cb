"""Objects of the app: safe calls, short texts for values, and the place of a function in its file."""
