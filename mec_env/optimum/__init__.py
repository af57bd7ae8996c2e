"""How good a decision can be: certified bounds, near-optimal decisions, proofs, exact admission."""
