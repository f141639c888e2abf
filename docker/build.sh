#!/usr/bin/env bash
# What the images run when they are built, from the repository's root:
#   docker/build.sh environment    .venv with what running needs (sections [torch] and [run] of requirements.txt)
#   docker/build.sh workspace      both packages, with .venv's Python, into install/
# UOIS_SAM_TORCH gives pip other arguments for torch, as it does for "make setup". ROS_PREFIX is where ROS 2 Jazzy is.
set -eo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

section() {
  awk -v wanted="# [$1]" '/^# \[/ { inside = ($0 == wanted); next } inside' requirements.txt
}

environment() {
  python3 -m venv --system-site-packages .venv
  local torch
  read -ra torch <<<"${UOIS_SAM_TORCH:-$(section torch | grep '^torch==')}"
  .venv/bin/pip install --no-cache-dir "${torch[@]}"
  .venv/bin/pip install --no-cache-dir -r <(section torch | grep -v '^torch=='; section run)
}

workspace() {
  # shellcheck disable=SC1091
  source "${ROS_PREFIX:-/opt/ros/jazzy}/setup.bash"
  local root=$PWD
  cd ros2_ws
  "$root/.venv/bin/python" -m colcon build --merge-install --install-base "$root/install" --event-handlers console_direct+ \
    --cmake-args -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=Release "-DPython3_EXECUTABLE=$root/.venv/bin/python" --no-warn-unused-cli
  # shellcheck disable=SC1091
  source "$root/install/setup.bash"
  "$root/.venv/bin/python" -c 'import rclpy, torch, uois_sam, uois_sam_msgs.msg'
}

case ${1:-} in
  environment | workspace) "$1" ;;
  *)
    echo "docker/build.sh: wanted environment or workspace, not '${1:-}'" >&2
    exit 2
    ;;
esac
