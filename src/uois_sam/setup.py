"""Installs uois_sam the ament way: module, executables, and launch, config and models in its share folder."""

from __future__ import annotations

from pathlib import Path

from setuptools import find_packages, setup

NAME = "uois_sam"
HERE = Path(__file__).parent


def share_files(folder: str) -> list[tuple[str, list[str]]]:
    """Every file below `folder`, grouped by the share folder that it is installed to."""
    grouped: dict[str, list[str]] = {}
    for path in sorted((HERE / folder).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            relative = path.relative_to(HERE)
            grouped.setdefault(f"share/{NAME}/{relative.parent}", []).append(str(relative))
    return list(grouped.items())


setup(
    name=NAME,
    version="0.1.0",
    description="Unseen object instance segmentation for robots: masks and metric point clouds from RGB-D images.",
    author="uois_sam maintainers",
    author_email="maintainers@uois-sam.example",
    maintainer="uois_sam maintainers",
    maintainer_email="maintainers@uois-sam.example",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["py.typed", "datasets/bundled/**/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        *share_files("launch"),
        *share_files("config"),
        *share_files("models"),
    ],
    zip_safe=False,
    extras_require={
        "ray": ["ray"],
        "test": ["hypothesis", "pytest"],  # from which "colcon test" takes that pytest runs the tests
    },
    entry_points={
        "console_scripts": [
            "uois-sam = uois_sam.cli:main",
            "camera = uois_sam.nodes.camera:main",
            "segmentation = uois_sam.nodes.segmentation:main",
            "part_segmentation = uois_sam.nodes.part_segmentation:main",
            "grasp_bridge = uois_sam.nodes.grasp_bridge:main",
            "perception = uois_sam.nodes.perception:main",
            "health_check = uois_sam.nodes.health_check:main",
        ],
    },
)
