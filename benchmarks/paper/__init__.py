"""The paper's tables and figures, worked out anew, and what of its claims they bear out."""
