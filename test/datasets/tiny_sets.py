"""Tiny sets of 24 x 32 px in exactly the published layouts, with what a reader must give for them."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from uois_sam.datasets.coco_rle import encode_rle

H, W = 24, 32
FX, FY, CX, CY = 30.0, 31.0, 15.25, 11.5
DEPTH_MM = np.add.outer(10 * np.arange(H), np.arange(W)).astype(np.uint16) + 800
DEPTH_MM[:3] = 0
OBJECTS = np.zeros((H, W), np.uint16)
OBJECTS[5:12, 4:12] = 1
OBJECTS[14:20, 16:30] = 2
TABLE = np.zeros((H, W), bool)
TABLE[4:] = True


def colour(seed: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB, smooth, of one hue a seed: JPEG keeps it nearly."""
    image = np.zeros((H, W, 3), np.uint8)
    image[:] = 40 * (seed % 4) + 60, 200 - 30 * (seed % 5), 20
    return image


def write(path: Path, image: np.ndarray) -> None:
    """An image as it is, RGB for three channels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image[..., ::-1] if image.ndim == 3 else image)


def indexed_png(labels: np.ndarray, palette: np.ndarray, bits: int = 8) -> bytes:
    """A PNG of indices and a palette, as the sets of UOIS-Net are written."""
    values = np.unpackbits(labels.astype(np.uint8)[..., None], axis=-1)[..., 8 - bits :]
    rows = np.packbits(values.reshape(len(labels), -1), axis=-1)
    scan = b"".join(b"\0" + row.tobytes() for row in rows)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", labels.shape[1], labels.shape[0], bits, 3, 0, 0, 0)
    colours = palette[: 2**bits].astype(np.uint8).tobytes()
    parts = (
        chunk(b"IHDR", header),
        chunk(b"PLTE", colours),
        chunk(b"IDAT", zlib.compress(scan)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def cloud(depth_m: np.ndarray) -> np.ndarray:
    """(H, W) records x, y, z, rgb, label of an organised cloud; not a number where depth is 0."""
    v, u = np.mgrid[0 : depth_m.shape[0], 0 : depth_m.shape[1]]
    z = np.where(depth_m > 0, depth_m, np.nan)
    record = np.dtype([("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("rgb", "<f4"), ("label", "<u4")])
    points = np.zeros(depth_m.shape, record)
    points["x"], points["y"], points["z"] = (u - CX) / FX * z, (v - CY) / FY * z, z
    return points


def write_pcd(path: Path, points: np.ndarray, form: str = "binary") -> None:
    """A PCD file, binary or ascii."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = points.shape
    header = (
        "# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS x y z rgb label\nSIZE 4 4 4 4 4\n"
        f"TYPE F F F F U\nCOUNT 1 1 1 1 1\nWIDTH {width}\nHEIGHT {height}\nVIEWPOINT 0 0 0 1 0 0 0\n"
        f"POINTS {height * width}\nDATA {form}\n"
    )
    rows = "\n".join(" ".join(repr(float(v)) for v in p) for p in points.ravel().tolist())
    path.write_bytes(header.encode() + (rows.encode() if form == "ascii" else points.tobytes()))


def write_ocid(root: Path) -> None:
    """A floor and a table sequence in each part; labels begin above the support."""
    places = ("ARID20/floor/bottom/seq01", "ARID10/table/top/fruits/seq05", "YCB10/table/bottom/cuboid/seq10")
    for seed, place in enumerate(places):
        support = 2 if "table" in place else 1
        labels = np.where(TABLE, support, 0).astype(np.uint16)
        labels[:1] = support - 1  # the floor beyond a table; nothing beyond a floor
        labels = np.where(OBJECTS > 0, OBJECTS + support, labels).astype(np.uint16)
        for k in (2, 10):
            name = f"result_2018-08-24-15-13-{k}"
            write(root / place / "rgb" / f"{name}.png", colour(seed))
            write(root / place / "depth" / f"{name}.png", DEPTH_MM)
            write(root / place / "label" / f"{name}.png", labels)
            write_pcd(root / place / "pcd" / f"{name}.pcd", cloud(DEPTH_MM / 1000))


def write_osd(root: Path) -> None:
    """Learn and test images; only objects are labelled."""
    for seed, name in enumerate(("learn0", "learn10", "learn2", "test0")):
        write(root / "image_color" / f"{name}.png", colour(seed))
        write(root / "disparity" / f"{name}.png", DEPTH_MM)
        write(root / "annotation" / f"{name}.png", OBJECTS.astype(np.uint8))


def write_tod(root: Path) -> None:
    """Two training scenes and one test scene of 7 views; 2 to 6 show objects."""
    palette = np.repeat(np.array([[0, 0, 0], [200, 0, 0], [9, 9, 9], [9, 9, 9]], np.uint8), 64, axis=0)
    for scene in ("training_set/scene_00000", "training_set/scene_00001", "test_set/scene_00000"):
        for view in range(7):
            labels = np.where(TABLE & (view > 0), 1, 0)
            labels = np.where((OBJECTS > 0) & (view > 1), OBJECTS + 1, labels)
            write(root / scene / f"rgb_{view:05d}.jpeg", colour(view))
            write(root / scene / f"depth_{view:05d}.png", DEPTH_MM)
            (root / scene / f"segmentation_{view:05d}.png").write_bytes(indexed_png(labels, palette))
        (root / scene / "scene_description.txt").write_text("{}")


def write_phocal(root: Path, depth_scale: float = 1000.0) -> None:
    """Two recordings of 12 and 3 frames."""
    camera = {"fx": FX, "fy": FY, "cx": CX, "cy": CY, "width": W, "height": H, "depth_scale": depth_scale}
    for sequence, count in (("sequence_1", 12), ("sequence_10", 3), ("sequence_2", 3)):
        for k in range(count):
            write(root / sequence / "rgb" / f"{k:06d}.png", colour(k))
            write(root / sequence / "depth" / f"{k:06d}.png", DEPTH_MM)
            write(root / sequence / "mask" / f"{k:06d}.png", OBJECTS.astype(np.uint8))
        write_json(root / sequence / "scene_camera.json", {"rgb": camera, "polarization": {}})
        write_json(root / sequence / "rgb_scene_gt.json", {})
    write_json(root / "class_obj_taxonomy.json", {})
    (root / "sequence_1.zip").write_bytes(b"")


def write_housecat6d(root: Path) -> None:
    """A recording of each part; 255 is the background."""
    for scene, count in (("scene01", 11), ("val_scene1", 2), ("test_scene1", 2)):
        for k in range(count):
            write(root / scene / "rgb" / f"{k:06d}.png", colour(k))
            write(root / scene / "depth" / f"{k:06d}.png", DEPTH_MM)
            labels = np.where(OBJECTS > 0, OBJECTS, 255).astype(np.uint8)
            write(root / scene / "instance" / f"{k:06d}.png", labels)
        (root / scene / "intrinsics.txt").write_text(f"{FX} 0.0 {CX}\n0.0 {FY} {CY}\n0.0 0.0 1.0\n")
    (root / "obj_models_small_size_final").mkdir()


def write_uoais_sim(root: Path) -> None:
    """Two views of each part: a bin with objects and an empty table; ids do not follow the order."""
    for split in ("train", "val"):
        places = (("bin", 2), ("tabletop", 1))
        images: list[dict[str, Any]] = []
        for place, number in places:
            write(root / split / place / "color" / "0.png", colour(number))
            write(root / split / place / "depth" / "0.png", DEPTH_MM * np.uint16(10))
            paths = {"file_name": f"{place}/color/0.png", "depth_file_name": f"{place}/depth/0.png"}
            images.append({"id": number, "height": H, "width": W, **paths})
        annotations = [
            {
                "id": k,
                "image_id": 2,
                "category_id": 1,
                "visible_mask": encode_rle(k == OBJECTS),
                "segmentation": encode_rle(OBJECTS > 0),
            }
            for k in (1, 2)
        ]
        content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "object"}]}
        write_json(root / "annotations" / f"coco_anns_uoais_sim_{split}.json", content)


def write_json(path: Path, content: object) -> None:
    """A JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
