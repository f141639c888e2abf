# Two commands: "make demo" and "make test". Both set up .venv and the workspace first, which takes seconds when nothing has changed.
SOURCE ?= bundled
CODE = launch src test tools

.PHONY: help setup test lint demo bench soak clean

help:
	@echo 'make demo [SOURCE=bundled|synthetic|FOLDER|VIDEO|BAG]   camera to masks and clouds over ROS 2; report in out/demo'
	@echo 'make test [TESTS=PATHS]                                 lint and all tests, or those named'
	@echo 'make setup [PYTHON=python3.12] [ROS_PREFIX=/opt/ros/jazzy]   .venv and the workspace only'
	@echo 'make lint                                               ruff and mypy'
	@echo 'make bench                                              time of each stage'
	@echo 'make soak                                               memory of the nodes over 1000 frames'
	@echo 'make clean                                              removes what setup, demo and tests made'

setup:
	@PYTHON='$(PYTHON)' tools/setup

lint: setup
	.venv/bin/ruff check $(CODE)
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/mypy
	MYPYPATH=tools .venv/bin/mypy --package setup_workspace

test: export OMP_NUM_THREADS := $(or $(OMP_NUM_THREADS),1)
test: lint
	.venv/bin/python -m pytest --numprocesses 2 --dist loadfile $(TESTS)

demo: setup
	.venv/bin/uois-sam demo --source '$(SOURCE)' --out out/demo

bench: setup
	.venv/bin/uois-sam bench

soak: setup
	.venv/bin/uois-sam bench --soak

clean:
	rm -rf .venv ros2_ws/build ros2_ws/install ros2_ws/log out .pytest_cache .mypy_cache .ruff_cache .hypothesis
