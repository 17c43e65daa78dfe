"""The example of an existing site, in a process of its own: `test_walk` starts `walk`."""
