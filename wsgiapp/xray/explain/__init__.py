"""What a request means: which rule answers and why, what happened in words, step by step, and beside another one."""
