"""The harness of the tests itself: ports that no two tests share, groups of tests, what a quick run leaves out."""
