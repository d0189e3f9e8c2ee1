"""Liyu (礼遇): the points-and-rewards exchange of a city's volunteer programme."""
