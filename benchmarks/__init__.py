"""What we claim about speed, as ratios measured in one run on one machine."""
