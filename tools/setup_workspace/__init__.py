"""`make setup`: builds .venv/ and the colcon workspace. Standard library only; started by tools/setup."""
