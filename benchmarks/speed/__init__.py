"""How fast things are: the environment, certificates, admission, DIRS and the sweep, one script each."""
