"""From a camera to masks and clouds: the whole stack in one process, or each node in its own.

    ros2 launch uois_sam perception.launch.py source:=synthetic
    ros2 launch uois_sam perception.launch.py camera:=false          # with a camera driver running
    ros2 launch uois_sam perception.launch.py namespace:=left composed:=false

Values come from the files in config/, then from the file given as `config`, then from the arguments given here.
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from launch import LaunchContext, LaunchDescription

BOOLEANS = ("true", "false")
LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")

# Arguments that are passed on as parameters of the same name, where they are given.
PARAMETERS = {
    "source": (str, "bundled, synthetic, folder:PATH, video:PATH, bag:PATH, device:N, or a path"),
    "rate": (float, "frames per second of the camera node"),
    "loop": (bool, "begin the source again at its end"),
    "model": (str, "name of a bundled or known model, or the folder of one"),
    "device": (str, "where the model runs: auto, cpu, cuda or cuda:N"),
    "use_depth": (bool, "let the model see depth"),
    "adaptation": (str, "what a person's corrections teach the model, e.g. E,CM, or none"),
    "image_transport": (str, "raw or compressed"),
    "target_frame": (str, "tf frame of the clouds"),
    "autostart": (bool, "configure and activate the nodes without being asked"),
}


def generate_launch_description() -> LaunchDescription:
    switches = [
        DeclareLaunchArgument(
            "composed",
            default_value="true",
            choices=BOOLEANS,
            description="one process for all nodes (frames pass in memory), or a process for each",
        ),
        DeclareLaunchArgument(
            "namespace", default_value="", description="namespace of all nodes and topics; one for each camera"
        ),
        DeclareLaunchArgument(
            "camera",
            default_value="true",
            choices=BOOLEANS,
            description="run the camera node; false where a driver publishes the camera's topics",
        ),
        DeclareLaunchArgument(
            "parts",
            default_value="false",
            choices=BOOLEANS,
            description="find the parts of things too, with the model that part_segmentation.yaml names",
        ),
        DeclareLaunchArgument(
            "config", default_value="", description="parameter file that overrides those in config/"
        ),
        DeclareLaunchArgument(
            "log_level", default_value="info", choices=LOG_LEVELS, description="of what the nodes say"
        ),
        DeclareLaunchArgument(
            "respawn",
            default_value="false",
            choices=BOOLEANS,
            description="start a process again when it has ended",
        ),
    ]
    passed_on = [
        DeclareLaunchArgument(
            name,
            default_value="",
            description=f"{description}; empty: as in the parameter files",
            **({"choices": ("", *BOOLEANS)} if kind is bool else {}),
        )
        for name, (kind, description) in PARAMETERS.items()
    ]
    return LaunchDescription(
        [
            SetEnvironmentVariable("RCUTILS_LOGGING_BUFFERED_STREAM", "1"),
            *switches,
            *passed_on,
            OpaqueFunction(function=launch_nodes),
        ]
    )


def launch_nodes(context: LaunchContext) -> list[Node]:
    """The processes that the arguments ask for."""

    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    given = {name: parameter(name, kind, value(name)) for name, (kind, _) in PARAMETERS.items() if value(name)}
    config = Path(get_package_share_directory("uois_sam")) / "config"
    override = [value("config")] if value("config") else []
    if override and not Path(override[0]).is_file():
        raise RuntimeError(f"config is '{override[0]}'; there is no such file")
    composed, camera, parts = (value(name) == "true" for name in ("composed", "camera", "parts"))

    def node(executable: str, files: list[str], **parameters: bool) -> Node:
        # Without a name of its own: perception holds several nodes, and a name would go to all of them.
        return Node(
            package="uois_sam",
            executable=executable,
            namespace=value("namespace"),
            parameters=[*(str(config / f"{name}.yaml") for name in files), *override, {**given, **parameters}],
            arguments=["--ros-args", "--log-level", value("log_level")],
            respawn=value("respawn") == "true",
            respawn_delay=2.0,
            sigterm_timeout=LaunchConfiguration(
                "sigterm_timeout", default="20"
            ),  # the frame in hand is finished first
            output="screen",
            emulate_tty=True,
        )

    rooms = ["segmentation", *(["part_segmentation"] if parts else []), "grasp_bridge"]
    if composed:
        files = ["perception", *rooms, *(["camera"] if camera else [])]
        return [node("perception", files, camera=camera, parts=parts)]
    own = {"grasp_bridge": {"use_parts": parts}}
    return [node(name, [name], **own.get(name, {})) for name in [*rooms, *(["camera"] if camera else [])]]


def parameter(name: str, kind: type, text: str) -> bool | float | str:
    """An argument as the parameter's type."""
    if kind is bool:
        return text == "true"
    try:
        return kind(text)
    except ValueError:
        raise RuntimeError(f"{name} is '{text}'; wanted a number") from None
