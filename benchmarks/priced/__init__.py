"""What each ingredient of ``priced`` brings: ``python -m benchmarks.priced`` takes them away one by one."""
