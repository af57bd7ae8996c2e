"""The simulator as Gymnasium, vector and PettingZoo environments, and as a picture."""
