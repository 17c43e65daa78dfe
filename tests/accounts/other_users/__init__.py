"""A site with another user model, of several: ``OTHER_USERS`` in the environment says which.

`test_user_models` runs `walk` in a process for each.
"""
