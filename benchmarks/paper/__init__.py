"""The paper's tables and figures, one command each, with a verdict on each of its claims."""
