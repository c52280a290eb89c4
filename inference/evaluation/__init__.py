"""What a model is worth, in numbers: pure numpy and scipy, no torch."""
