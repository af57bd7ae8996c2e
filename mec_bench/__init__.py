"""The leaderboard's machinery: cells, sweeps, verification, standings, the page."""
