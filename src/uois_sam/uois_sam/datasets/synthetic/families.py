"""The tables of object families: `TRAINING_FAMILIES` and `HELDOUT_FAMILIES`, by name.

A held-out family is never used in training, not in any size or colour.
"""

from __future__ import annotations

from uois_sam.datasets.synthetic import families_boxes as boxes
from uois_sam.datasets.synthetic import families_compound as compound
from uois_sam.datasets.synthetic import families_heldout as heldout
from uois_sam.datasets.synthetic import families_shapes as shapes
from uois_sam.datasets.synthetic import families_structures as structures
from uois_sam.datasets.synthetic import families_tools as tools
from uois_sam.datasets.synthetic import families_vessels as vessels
from uois_sam.datasets.synthetic.objects import Family
from uois_sam.errors import InputError

TRAINING_FAMILIES: dict[str, Family] = {
    "bottle": vessels.bottle,
    "can": vessels.can,
    "tin": vessels.cylinder_tin,
    "jar": vessels.jar,
    "mug": vessels.mug,
    "cup": vessels.cup,
    "bowl": vessels.bowl,
    "plate": vessels.plate,
    "pan": vessels.pan,
    "pot": vessels.pot,
    "kettle": vessels.kettle,
    "roll": vessels.roll,
    "hammer": tools.hammer,
    "screwdriver": tools.screwdriver,
    "knife": tools.knife,
    "spoon": tools.spoon,
    "scissors": tools.scissors,
    "pen": tools.pen,
    "fruit": tools.fruit,
    "banana": tools.banana,
    "blob": tools.blob,
    "ball": tools.ball,
    "carton": boxes.carton,
    "cereal_box": boxes.cereal_box,
    "milk_carton": boxes.milk_carton,
    "book": boxes.book,
    "remote": boxes.remote,
    "keyboard": boxes.keyboard,
    "display": boxes.display,
    "laptop": boxes.laptop,
    "phone": boxes.phone,
    "mouse": boxes.mouse,
    "brick": boxes.brick,
    "pouch": boxes.pouch,
    "tray": boxes.tray,
    "puck": boxes.puck,
    "turned": compound.turned,
    "chain": compound.chain,
    "assembly": compound.assembly,
    "extrusion": shapes.extrusion,
    "rod": shapes.rod,
    "vase": shapes.vase,
    "soft_box": shapes.soft_box,
    "cone": shapes.cone,
    "wedge": shapes.wedge,
    "elbow": shapes.elbow,
    "crate": structures.crate,
    "stool": structures.stool,
    "rack": structures.rack,
    "frame": structures.frame,
    "figure": structures.figure,
    "casket": structures.casket,
}

HELDOUT_FAMILIES: dict[str, Family] = {
    "wrench": heldout.wrench,
    "funnel": heldout.funnel,
    "toy_car": heldout.toy_car,
    "dumbbell": heldout.dumbbell,
    "spray_bottle": heldout.spray_bottle,
    "straw_tumbler": heldout.straw_tumbler,
    "brush": heldout.brush,
    "ring_toy": heldout.ring_toy,
    "tape_dispenser": heldout.tape_dispenser,
    "amphora": heldout.amphora,
    "bracket": heldout.bracket,
    "gamepad": heldout.gamepad,
}

_TABLES = {"train": TRAINING_FAMILIES, "heldout": HELDOUT_FAMILIES}

COMMON = (
    *("carton", "cereal_box", "carton", "cereal_box", "cup", "bowl", "tin", "mug"),
    *("turned", "chain", "assembly") * 2,
    *("extrusion", "rod", "vase", "soft_box", "cone", "wedge", "elbow"),
    *("crate", "stool", "rack", "frame", "figure", "casket"),
)
"""Training families that heaps show more often than the others (drawn every other time)."""

TIDY = (
    *("carton", "cereal_box", "carton", "cereal_box", "milk_carton", "book", "can", "tin", "tin", "jar", "bottle"),
    *("mug", "cup", "cup", "bowl", "bowl", "pot", "kettle", "pan", "brick", "puck", "roll", "keyboard", "display"),
    *("turned", "chain", "assembly", "extrusion", "vase", "soft_box", "cone", "wedge"),
    *("crate", "stool", "frame", "figure", "casket", "casket"),
)
"""Training families that stand about on tidy tables, some named twice."""

STACKABLE = ("carton", "cereal_box", "book", "tin", "can", "puck", "brick", "keyboard", "laptop", "roll")
"""Training families with a flat top that others can stand on."""


def family_table(name: str) -> dict[str, Family]:
    """The table named "train" or "heldout".

    Raises:
        InputError: another name.
    """
    if name not in _TABLES:
        raise InputError(f"object families are {name!r}; choose 'train' or 'heldout'")
    return _TABLES[name]
