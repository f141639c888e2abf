"""Depth to metric clouds, and the hand-over to a grasp planner."""
