#!/usr/bin/env bash
# Runs a command with ROS and the packages sourced.
set -e
# shellcheck disable=SC1091
source "${ROS_PREFIX:-/opt/ros/jazzy}/setup.bash"
# shellcheck disable=SC1091
source "$(dirname "${BASH_SOURCE[0]}")/../install/setup.bash"
exec "$@"
