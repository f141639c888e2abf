"""Class names of the sets that PartCLIPSeg is measured on, in the order of their published label indices.

Pascal-Part-116 and ADE20K-Part-234 as OV-PARTS (Wei et al., NeurIPS 2023) publishes them, and the 40 classes of
PartImageNet that PartCLIPSeg chose (Choi et al., 2024, tables A1 to A3); its section B.1 says which are unseen.
"""

from __future__ import annotations

from uois_sam.datasets.ov_parts import PartVocabulary

PASCAL_OBJECTS = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)
"""In the order of the object labels; boat, chair, diningtable and sofa have no parts."""

_PASCAL = {
    "aeroplane": "body, stern, wing, tail, engine, wheel",
    "bicycle": "wheel, saddle, handlebar, chainwheel, headlight",
    "bird": "wing, tail, head, eye, beak, torso, neck, leg, foot",
    "bottle": "body, cap",
    "bus": "wheel, headlight, front, side, back, roof, mirror, license plate, door, window",
    "car": "wheel, headlight, front, side, back, roof, mirror, license plate, door, window",
    "cat": "tail, head, eye, torso, neck, leg, nose, paw, ear",
    "cow": "tail, head, eye, torso, neck, leg, ear, muzzle, horn",
    "dog": "tail, head, eye, torso, neck, leg, nose, paw, ear, muzzle",
    "horse": "tail, head, eye, torso, neck, leg, ear, muzzle, hoof",
    "motorbike": "wheel, saddle, handlebar, headlight",
    "person": "head, eye, torso, neck, leg, foot, nose, ear, eyebrow, mouth, hair, lower arm, upper arm, hand",
    "pottedplant": "pot, plant",
    "sheep": "tail, head, eye, torso, neck, leg, ear, muzzle, horn",
    "train": "headlight, head, front, side, back, roof, coach",
    "tvmonitor": "screen",
}

_ADE = {
    "person": "arm, back, foot, gaze, hand, head, leg, neck, torso",
    "door": "door frame, handle, knob, panel",
    "clock": "face, frame",
    "toilet": "bowl, cistern, lid",
    "cabinet": "door, drawer, front, shelf, side, skirt, top",
    "sink": "bowl, faucet, pedestal, tap, top",
    "lamp": "arm, base, canopy, column, cord, highlight, light source, shade, tube",
    "sconce": "arm, backplate, highlight, light source, shade",
    "chair": "apron, arm, back, base, leg, seat, seat cushion, skirt, stretcher",
    "chest of drawers": "apron, door, drawer, front, leg",
    "chandelier": "arm, bulb, canopy, chain, cord, highlight, light source, shade",
    "bed": "footboard, headboard, leg, side rail",
    "table": "apron, drawer, leg, shelf, top, wheel",
    "armchair": "apron, arm, back, back pillow, leg, seat, seat base, seat cushion",
    "ottoman": "back, leg, seat",
    "shelf": "door, drawer, front, shelf",
    "swivel chair": "back, base, seat, wheel",
    "fan": "blade, canopy, tube",
    "coffee table": "leg, top",
    "stool": "leg, seat",
    "sofa": "arm, back, back pillow, leg, seat base, seat cushion, skirt",
    "computer": "computer case, keyboard, monitor, mouse",
    "desk": "apron, door, drawer, leg, shelf, top",
    "wardrobe": "door, drawer, front, leg, mirror, top",
    "car": "bumper, door, headlight, hood, license plate, logo, mirror, wheel, window, wiper",
    "bus": "bumper, door, headlight, license plate, logo, mirror, wheel, window, wiper",
    "oven": "button panel, door, drawer, top",
    "cooking stove": "burner, button panel, door, drawer, oven, stove",
    "microwave": "button panel, door, front, side, top, window",
    "refrigerator": "button panel, door, drawer, side",
    "kitchen island": "door, drawer, front, side, top",
    "dishwasher": "button panel, handle, skirt",
    "bookcase": "door, drawer, front, side",
    "television receiver": "base, buttons, frame, keys, screen, speaker",
    "glass": "base, bowl, opening, stem",
    "pool table": "bed, leg, pocket",
    "van": "bumper, door, headlight, license plate, logo, mirror, taillight, wheel, window, wiper",
    "airplane": "door, fuselage, landing gear, propeller, stabilizer, turbine engine, wing",
    "truck": "bumper, door, headlight, license plate, logo, mirror, wheel, window",
    "minibike": "license plate, mirror, seat, wheel",
    "washer": "button panel, door, front, side",
    "bench": "arm, back, leg, seat",
    "traffic light": "housing, pole",
    "light": "aperture, canopy, diffusor, highlight, light source, shade",
}

_IMAGENET_PARTS = {
    "Quadruped": ("head", "body", "foot", "tail"),
    "Biped": ("head", "body", "hand", "foot", "tail"),
    "Fish": ("head", "body", "fin", "tail"),
    "Bird": ("head", "body", "wing", "foot", "tail"),
    "Snake": ("head", "body"),
    "Reptile": ("head", "body", "foot", "tail"),
    "Car": ("body", "tier", "side mirror"),
    "Bicycle": ("body", "head", "seat", "tier"),
    "Boat": ("body", "sail"),
    "Aeroplane": ("head", "body", "engine", "wing", "tail"),
    "Bottle": ("mouth", "body"),
}
"""By superclass, in the order of PartImageNet's category ids; "tier" is a wheel in its spelling."""

_IMAGENET_OBJECTS = {
    "Quadruped": {
        "n02129604": "tiger",
        "n02510455": "giant panda",
        "n02128385": "leopard",
        "n02423022": "gazelle",
        "n02134084": "ice bear",
        "n02422699": "impala",
        "n02099601": "golden retriever",
    },
    "Snake": {
        "n01749939": "green mamba",
        "n01748264": "Indian cobra",
    },
    "Reptile": {
        "n01693334": "green lizard",
        "n01695060": "Komodo dragon",
        "n01644373": "tree frog",
        "n01669191": "box turtle",
        "n01698640": "American alligator",
    },
    "Boat": {
        "n04612504": "yawl",
        "n03947888": "pirate",
        "n04147183": "schooner",
    },
    "Fish": {
        "n02514041": "barracouta",
        "n01443537": "goldfish",
        "n02071294": "killer whale",
        "n01440764": "tench",
    },
    "Bird": {
        "n02058221": "albatross",
        "n01855672": "goose",
        "n01614925": "bald eagle",
    },
    "Car": {
        "n03417042": "garbage truck",
        "n03769881": "minibus",
        "n02701002": "ambulance",
        "n03594945": "jeep",
        "n04146614": "school bus",
    },
    "Bicycle": {
        "n03791053": "motor scooter",
        "n03792782": "mountain bike",
        "n03785016": "moped",
    },
    "Biped": {
        "n02480855": "gorilla",
        "n02480495": "orangutan",
        "n02481823": "chimpanzee",
    },
    "Bottle": {
        "n02823428": "beer bottle",
        "n04557648": "water bottle",
        "n04591713": "wine bottle",
    },
    "Aeroplane": {
        "n04552348": "warplane",
        "n02690373": "airliner",
    },
}
"""By superclass, under the identifiers that ImageNet's file names begin with."""

_PASCAL_UNSEEN = ("bird", "car", "dog", "sheep", "motorbike")
_ADE_UNSEEN = (
    "bench",
    "bus",
    "fan",
    "desk",
    "stool",
    "truck",
    "van",
    "swivel chair",
    "oven",
    "ottoman",
    "kitchen island",
)
_IMAGENET_UNSEEN = (
    "ice bear",
    "impala",
    "golden retriever",
    "Indian cobra",
    "box turtle",
    "American alligator",
    "schooner",
    "tench",
    "bald eagle",
    "jeep",
    "school bus",
    "motor scooter",
    "chimpanzee",
    "wine bottle",
    "airliner",
)

PASCAL_PART_116 = PartVocabulary.of({o: parts.split(", ") for o, parts in _PASCAL.items()}, _PASCAL_UNSEEN)
ADE20K_PART_234 = PartVocabulary.of({o: parts.split(", ") for o, parts in _ADE.items()}, _ADE_UNSEEN)
PART_IMAGENET_40 = PartVocabulary.of(
    {name: _IMAGENET_PARTS[group] for group, names in _IMAGENET_OBJECTS.items() for name in names.values()},
    _IMAGENET_UNSEEN,
)

ADE20K_OBJECTS = tuple(sorted(_ADE))
"""In the order of the category ids of ade20k_instance_{train,val}.json."""
IMAGENET_NAMES = {wnid: name for names in _IMAGENET_OBJECTS.values() for wnid, name in names.items()}
"""Object names by ImageNet identifier."""
IMAGENET_CATEGORIES = tuple(part for parts in _IMAGENET_PARTS.values() for part in parts)
"""Generalized parts in the order of PartImageNet's 40 category ids."""
