"""What the framework does, asked of wsgiapp and of Flask alike."""
