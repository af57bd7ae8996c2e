"""BenchMARL: an agent per server."""
