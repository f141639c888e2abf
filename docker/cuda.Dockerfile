# The stack on an NVIDIA GPU: docker build -f docker/cuda.Dockerfile -t uois_sam:cuda .
# torch brings CUDA's libraries; the driver is the host's, which the NVIDIA Container Toolkit puts in (docker run --gpus all).

FROM ros:jazzy-ros-base AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN apt-get update \
    && apt-get install -y --no-install-recommends cmake g++ make python3-colcon-common-extensions python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/uois_sam
COPY requirements.txt ./
COPY docker/build.sh docker/
# pip's arguments for torch, where PyPI's own build is for another CUDA than the host's driver can run.
ARG UOIS_SAM_TORCH=""
RUN docker/build.sh environment
COPY src src
COPY config config
COPY launch launch
COPY models models
COPY ros2_ws ros2_ws
RUN docker/build.sh workspace

FROM ros:jazzy-ros-core AS run
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN apt-get update \
    && apt-get install -y --no-install-recommends ros-jazzy-foxglove-bridge ros-jazzy-tf2-ros-py ros-jazzy-vision-msgs \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1100 --groups video uois_sam \
    && install -d -m 1777 /models
COPY --from=build /opt/uois_sam/.venv /opt/uois_sam/.venv
COPY --from=build /opt/uois_sam/install /opt/uois_sam/install
COPY docker/entrypoint.sh /opt/uois_sam/docker/
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
# Weights: what is fetched from a hub and what corrections taught, beside what is put there by hand.
ENV HF_HOME=/models/huggingface \
    XDG_DATA_HOME=/models/data \
    ROS_LOG_DIR=/tmp/ros_log \
    FASTRTPS_DEFAULT_PROFILES_FILE=/opt/uois_sam/install/share/uois_sam/config/fastdds_shm.xml
VOLUME ["/models"]
USER 1100
WORKDIR /models
ENTRYPOINT ["/opt/uois_sam/docker/entrypoint.sh"]
HEALTHCHECK --interval=15s --timeout=30s --start-period=120s --retries=3 \
    CMD ["/opt/uois_sam/docker/entrypoint.sh", "ros2", "run", "uois_sam", "health_check", "segmentation", "grasp_bridge"]
CMD ["ros2", "launch", "uois_sam", "perception.launch.py"]
