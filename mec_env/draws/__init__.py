"""Who may draw which random numbers, so that no two draws ever share one."""
